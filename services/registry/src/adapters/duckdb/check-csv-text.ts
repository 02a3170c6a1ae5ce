import { createReadStream } from 'node:fs';
import { TextDecoder } from 'node:util';
import { type CsvHeader, MAX_CSV_HEADER_BYTES, csvHeaderOf } from '@myriad/tabular';
import { registryProblem } from '../../domain/registry-problem.js';

/**
 * Checks what a CSV reader would guess at: the text is UTF-8 throughout, there is a header, and no column is named twice (`a` and `A` are one name in SQL).
 * @throws {ProblemError} `registry.file_empty`, `registry.csv_encoding`, `registry.csv_duplicate_header`.
 */
export async function checkCsvText(path: string): Promise<CsvHeader> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let header = '';
  let position = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    const text = decode(decoder, chunk, position);
    if (
      position === 0 &&
      chunk.length >= 2 &&
      ((chunk[0] === 0xff && chunk[1] === 0xfe) || (chunk[0] === 0xfe && chunk[1] === 0xff))
    )
      throw notUtf8(0);
    if (text.includes('\0')) throw notUtf8(position);
    if (header.length < MAX_CSV_HEADER_BYTES) header += text;
    position += chunk.length;
  }
  decode(decoder, undefined, position);
  if (header.trim() === '')
    throw registryProblem('unprocessable', 'file_empty', 'the file is empty; a CSV file starts with a header line');
  const found = csvHeaderOf(header);
  checkHeader(found.names);
  return found;
}

function decode(decoder: TextDecoder, chunk: Buffer | undefined, position: number): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch {
    throw notUtf8(position);
  }
}

function notUtf8(position: number): Error {
  return registryProblem(
    'unprocessable',
    'csv_encoding',
    `the text is not UTF-8 (near byte ${position}); save the file as UTF-8, with or without a byte order mark`,
  );
}

function checkHeader(names: readonly string[]): void {
  const empty = names.findIndex((name) => name === '');
  if (empty >= 0)
    throw registryProblem('unprocessable', 'csv_duplicate_header', `column ${empty + 1} of the header has no name`);
  const seen = new Set<string>();
  const twice = names.find((name) => seen.size === seen.add(name.toLowerCase()).size);
  if (twice !== undefined)
    throw registryProblem(
      'unprocessable',
      'csv_duplicate_header',
      `the header names '${twice}' twice; each column needs a name of its own`,
    );
}
