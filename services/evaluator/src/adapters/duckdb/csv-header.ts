import { open } from 'node:fs/promises';

const MAX_HEADER_BYTES = 1_048_576;
const DELIMITERS = [',', ';', '\t', '|'];

/** What separates the values of a CSV file: the most frequent of `,` `;` tab and `|` in the header, outside quotes. The registry committed the file by the same rule. */
export async function delimiterOf(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(MAX_HEADER_BYTES) });
    const line = /^(?:"(?:[^"]|"")*"|[^\r\n"])*/.exec(buffer.toString('utf8', 0, bytesRead))?.[0] ?? '';
    const bare = line.replaceAll(/"(?:[^"]|"")*"/g, '');
    const count = (delimiter: string): number => bare.split(delimiter).length;
    return DELIMITERS.reduce((best, candidate) => (count(candidate) > count(best) ? candidate : best));
  } finally {
    await file.close();
  }
}
