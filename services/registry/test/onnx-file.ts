/** Writes small ONNX files by hand, in the wire format of Protocol Buffers. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = BigInt(value); ; rest >>= 7n) {
    if (rest < 128n) return Buffer.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 127n) | 128);
  }
}

const int = (field: number, value: number): Buffer => Buffer.concat([varint(field << 3), varint(value)]);
function part(field: number, ...content: readonly (Buffer | string)[]): Buffer {
  const bytes = Buffer.concat(content.map((piece) => Buffer.from(piece)));
  return Buffer.concat([varint((field << 3) | 2), varint(bytes.length), bytes]);
}

/** A FP32 value; a dimension that varies is −1. */
function value(field: number, name: string, shape: readonly number[]): Buffer {
  const dims = shape.map((size) => part(1, size < 0 ? part(2, 'n') : int(1, size)));
  return part(field, part(1, name), part(2, part(1, int(1, 1), part(2, ...dims))));
}

/** A file `y = operator(x)` over `[n, width]`, with this initializer when it is given. */
export function onnxFile(
  operator: string,
  { width = 4, initializer = Buffer.alloc(0) }: { width?: number; initializer?: Buffer } = {},
): Buffer {
  const node = part(1, part(1, 'x'), part(2, 'y'), part(4, operator));
  const graph = [node, part(2, 'g'), initializer, value(11, 'x', [-1, width]), value(12, 'y', [-1, width])];
  return Buffer.concat([int(1, 8), part(7, ...graph), part(8, int(2, 17))]);
}

/** An initializer whose values are said to lie in another file. */
export function externalData(location: string): Buffer {
  return part(5, int(1, 4), int(2, 1), part(8, 'w'), part(13, part(1, 'location'), part(2, location)), int(14, 1));
}

/** An initializer that declares far more than it holds. */
export function bomb(): Buffer {
  return part(5, int(1, 2 ** 40), int(1, 2 ** 40), int(2, 1), part(8, 'w'), part(9, Buffer.alloc(8)));
}
