import { open } from 'node:fs/promises';
import { MAX_CSV_HEADER_BYTES, csvHeaderOf } from './csv-header.js';

/** What separates the values of a CSV file, by the rule of {@link csvHeaderOf}. @throws what the file system says */
export async function delimiterOf(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(MAX_CSV_HEADER_BYTES) });
    return csvHeaderOf(buffer.toString('utf8', 0, bytesRead)).delimiter;
  } finally {
    await file.close();
  }
}
