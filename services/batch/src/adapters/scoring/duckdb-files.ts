import type { DuckDBConnection } from '@duckdb/node-api';
import { batchProblem } from '../../domain/batch-problem.js';
import type { PinnedDataset, TensorSpec } from '../../domain/batch-job.js';

const MEMORY_LIMIT = '256MB';
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

type Format = PinnedDataset['format'];

function sourceOf(path: string, format: Format): string {
  return format === 'csv'
    ? `read_csv(${literal(path)}, header = true, all_varchar = true)`
    : `read_parquet(${literal(path)})`;
}

/** How many rows a file has. */
export function countRows(path: string, format: Format): Promise<number> {
  return withDuckdb(async (connection) =>
    Number((await connection.runAndReadAll(`SELECT count(*) FROM ${sourceOf(path, format)}`)).getRowsJson()[0]?.[0]),
  );
}

/** The named columns as text, null where missing, in file order, some thousand rows at a time. */
export async function* readRows(
  path: string,
  format: Format,
  columns: readonly string[],
): AsyncGenerator<readonly (readonly (string | null)[])[]> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:', { threads: '1', memory_limit: MEMORY_LIMIT });
  try {
    const connection = await instance.connect();
    try {
      const select = columns.map((name) => `CAST(${quoted(name)} AS VARCHAR)`).join(', ');
      const result = await connection.stream(`SELECT ${select} FROM ${sourceOf(path, format)}`);
      for (
        let chunk = await result.fetchChunk();
        chunk !== null && chunk.rowCount > 0;
        chunk = await result.fetchChunk()
      )
        yield chunk.getColumns() as (string | null)[][];
    } catch (error) {
      throw refusalOf(error);
    } finally {
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
  }
}

const PARQUET_TYPES: Readonly<Record<TensorSpec['datatype'], string>> = {
  BOOL: 'BOOLEAN',
  UINT8: 'UTINYINT',
  INT8: 'TINYINT',
  INT16: 'SMALLINT',
  INT32: 'INTEGER',
  INT64: 'BIGINT',
  FP16: 'FLOAT',
  FP32: 'FLOAT',
  FP64: 'DOUBLE',
  BYTES: 'VARCHAR',
};

/** Writes the joined CSV again as Parquet, with the outputs' own types. */
export async function writeParquet(
  from: string,
  to: string,
  columns: readonly { readonly name: string; readonly datatype: TensorSpec['datatype'] }[],
): Promise<void> {
  const types = [
    `'row': 'BIGINT'`,
    ...columns.map(({ name, datatype }) => `${literal(name)}: '${PARQUET_TYPES[datatype]}'`),
  ].join(', ');
  await withDuckdb((connection) =>
    connection.run(
      `COPY (SELECT * FROM read_csv(${literal(from)}, header = true, columns = {${types}})) TO ${literal(to)} (FORMAT parquet)`,
    ),
  );
}

async function withDuckdb<T>(use: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:', { threads: '1', memory_limit: MEMORY_LIMIT });
  try {
    const connection = await instance.connect();
    try {
      return await use(connection);
    } catch (error) {
      throw refusalOf(error);
    } finally {
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
  }
}

/** What DuckDB says of a file it can't read, as a refusal; our own errors stay what they are. */
function refusalOf(error: unknown): unknown {
  if (!(error instanceof Error) || 'kind' in error || error.name === 'AbortError') return error;
  return batchProblem(
    'unprocessable',
    'dataset_unusable',
    `the dataset can't be read: ${error.message.split('\n')[0] ?? ''}`,
    { cause: error },
  );
}
