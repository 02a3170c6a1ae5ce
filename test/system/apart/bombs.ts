import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { tempFolder } from '@myriad/testing';
import {
  bomb,
  exploding,
  externalData,
  nested,
  onnxFile,
  swelling,
  trapping,
} from '../../../services/registry/test/onnx-file.js';

const MIB = 1_048_576;

/** An ONNX file that is made to hurt, and the code that it is refused with. */
export interface OnnxBomb {
  readonly name: string;
  /** @param url an address that nobody must connect to */
  readonly bytes: (url: string) => Buffer;
  readonly code: string;
}

export const BOMBS: readonly OnnxBomb[] = [
  {
    name: 'weights at an address',
    bytes: (url) => onnxFile('Relu', { initializer: externalData(`${url}/weights`) }),
    code: 'inference.onnx_external_data',
  },
  {
    name: 'weights in a file of the machine',
    bytes: () => onnxFile('Relu', { initializer: externalData('../../../../etc/passwd') }),
    code: 'inference.onnx_external_data',
  },
  {
    name: 'a weight that is said to be huge',
    bytes: () => onnxFile('Relu', { initializer: bomb() }),
    code: 'inference.onnx_dimension_bomb',
  },
  {
    name: 'a tensor of 16 GB that is computed',
    bytes: () => exploding({ size: 64_000 }),
    code: 'inference.run_failed',
  },
  {
    name: 'a tensor as large as the values of a later request say',
    bytes: () => swelling(),
    code: 'inference.onnx_unbounded_size',
  },
  {
    name: 'a division that ends the process for one number',
    bytes: () => trapping(),
    code: 'inference.onnx_unsafe_division',
  },
  {
    name: 'graphs in graphs, ten thousand deep',
    bytes: () => nested(10_000),
    code: 'inference.onnx_too_deep',
  },
  {
    name: 'a length that is said to be huge',
    // field 7, of 2⁶³ − 1 bytes
    bytes: () => Buffer.from([0x08, 0x08, 0x3a, ...Array<number>(8).fill(0xff), 0x7f]),
    code: 'inference.onnx_truncated',
  },
  {
    name: 'a packed file inside',
    bytes: () => gzipSync(Buffer.alloc(64 * MIB)),
    code: 'inference.onnx_not_onnx',
  },
];

export interface DatasetBomb {
  readonly name: string;
  readonly bytes: Buffer;
  readonly mediaType: string;
  readonly format: 'csv' | 'parquet';
  readonly code: string;
}

/** Files of datasets that are small and stand for much. */
export async function datasetBombs(): Promise<readonly DatasetBomb[]> {
  const folder = await tempFolder();
  const path = join(folder.path, 'bomb.parquet');
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`COPY (SELECT repeat('x', 270000000) AS a) TO '${path}' (FORMAT parquet, COMPRESSION zstd)`);
  connection.closeSync();
  instance.closeSync();
  const parquet = await readFile(path);
  await folder.remove();
  const csv = Buffer.alloc(256 * MIB, 'a,b\n1,2\n');
  const asCsv = { mediaType: 'text/csv', format: 'csv', code: 'registry.csv_encoding' } as const;
  return [
    {
      name: 'a text of 270 MB in Parquet',
      bytes: parquet,
      mediaType: 'application/vnd.apache.parquet',
      format: 'parquet',
      code: 'registry.file_too_costly',
    },
    { name: 'a CSV file that is packed by gzip', bytes: gzipSync(csv), ...asCsv },
    { name: 'a CSV file that is packed by Zstandard', bytes: zstdCompressSync(csv), ...asCsv },
  ];
}
