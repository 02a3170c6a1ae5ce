/** Formats that people send by mistake, by their first bytes in Latin 1. */
const FORMATS: readonly (readonly [(start: string) => boolean, string])[] = [
  [(start) => start.startsWith('PK\x03\x04'), 'they look like a ZIP archive (PyTorch, Keras and NumPy files are such)'],
  [
    (start) => start.startsWith('\x80') && '\x02\x03\x04\x05'.includes(start[1] ?? ' '),
    'they look like a Python pickle',
  ],
  [(start) => start.startsWith('\x89HDF'), 'they look like an HDF5 file'],
  [(start) => start.startsWith('\x1f\x8b'), 'they look gzip-compressed; send the file uncompressed'],
  [(start) => start.slice(4, 8) === 'ORTM', 'they look like an ORT-format model; send the ONNX file it was made from'],
  [(start) => /^\s*[{[]/.test(start), 'they look like JSON or text'],
  [(start) => /^\s*</.test(start), 'they look like markup or text'],
];

/** What the bytes look like when they are of a well-known other format. */
export function foreignFormat(bytes: Uint8Array): string | undefined {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 16)).toString('latin1');
  return FORMATS.find(([matches]) => matches(start))?.[1];
}
