import type { DuckDBConnection } from '@duckdb/node-api';
import { ProblemError } from '@myriad/kernel';
import { delimiterOf } from '@myriad/tabular';
import type { PinnedDataset, TensorSpec } from '../../domain/batch-job.js';
import { batchProblem } from '../../domain/batch-problem.js';

const MEMORY_LIMIT = '256MB';
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

type Format = PinnedDataset['format'];
type Texts = readonly (readonly (string | null)[])[];

/** The reader is told the dialect: when it has to guess, quotes that come late in the file or a ragged row make it another one. */
async function sourceOf(path: string, format: Format): Promise<string> {
  if (format === 'parquet') return `read_parquet(${literal(path)})`;
  const dialect = `delim = ${literal(await delimiterOf(path))}, quote = '"', escape = '"', comment = ''`;
  return `read_csv(${literal(path)}, header = true, skip = 0, ${dialect}, strict_mode = true, null_padding = false, all_varchar = true)`;
}

/** How many rows a file has. @throws {ProblemError} `batch.dataset_unusable`. */
export function countRows(path: string, format: Format): Promise<number> {
  return withDuckdb([path], (connection) =>
    refusing(path, async () => {
      const counted = await connection.runAndReadAll(`SELECT count(*) FROM ${await sourceOf(path, format)}`);
      return Number(counted.getRowsJson()[0]?.[0]);
    }),
  );
}

/**
 * Calls `use` with the named columns as text, null where missing, from row `firstRow` (0-based) on in file order, some thousand rows at a time.
 * @throws {ProblemError} `batch.dataset_unusable` when the file can't be read.
 */
export function withRows<T>(
  { path, format, firstRow }: { readonly path: string; readonly format: Format; readonly firstRow: number },
  columns: readonly string[],
  use: (rows: AsyncIterable<Texts>) => Promise<T>,
): Promise<T> {
  return withDuckdb([path], async (connection) => {
    const result = await refusing(path, async () => {
      const source = await sourceOf(path, format);
      return connection.stream(
        `SELECT ${await textsOf(connection, source, columns)} FROM ${source} OFFSET ${firstRow}`,
      );
    });
    const chunks = async function* (): AsyncGenerator<Texts> {
      for (;;) {
        const chunk = await refusing(path, () => result.fetchChunk());
        if (chunk === null || chunk.rowCount === 0) return;
        yield chunk.getColumns() as (string | null)[][];
      }
    };
    return use(chunks());
  });
}

/** A FLOAT goes by its double, whose text has every digit. */
async function textsOf(connection: DuckDBConnection, source: string, columns: readonly string[]): Promise<string> {
  const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${source}`);
  const floats = new Set(
    described
      .getRowObjects()
      .filter((row) => row['column_type'] === 'FLOAT')
      .map((row) => row['column_name']),
  );
  const value = (name: string): string => (floats.has(name) ? `CAST(${quoted(name)} AS DOUBLE)` : quoted(name));
  return columns.map((name) => `CAST(${value(name)} AS VARCHAR)`).join(', ');
}

const PARQUET_TYPES: Readonly<Record<TensorSpec['datatype'], string>> = {
  BOOL: 'BOOLEAN',
  UINT8: 'UTINYINT',
  UINT16: 'USMALLINT',
  UINT32: 'UINTEGER',
  UINT64: 'UBIGINT',
  INT8: 'TINYINT',
  INT16: 'SMALLINT',
  INT32: 'INTEGER',
  INT64: 'BIGINT',
  FP16: 'FLOAT',
  BF16: 'FLOAT',
  FP32: 'FLOAT',
  FP64: 'DOUBLE',
  BYTES: 'VARCHAR',
};

/** Writes a CSV file without header, as this service makes them, again as Parquet, with the outputs' own types: an empty field is null, a quoted empty one an empty text. */
export async function writeParquet(
  from: string,
  to: string,
  columns: readonly { readonly name: string; readonly datatype: TensorSpec['datatype'] }[],
): Promise<void> {
  const types = [
    `'row': 'BIGINT'`,
    ...columns.map(({ name, datatype }) => `${literal(name)}: '${PARQUET_TYPES[datatype]}'`),
  ].join(', ');
  const dialect = `auto_detect = false, header = false, delim = ',', quote = '"', escape = '"', new_line = '\\n', allow_quoted_nulls = false`;
  await withDuckdb([from, to], (connection) =>
    connection.run(
      `COPY (SELECT * FROM read_csv(${literal(from)}, ${dialect}, columns = {${types}})) TO ${literal(to)} (FORMAT parquet, COMPRESSION zstd)`,
    ),
  );
}

/** One thread, so that rows keep their order; these files are the only ones it may touch. Loaded when first used. */
async function withDuckdb<T>(paths: readonly string[], use: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:', { threads: '1', memory_limit: MEMORY_LIMIT });
  try {
    const connection = await instance.connect();
    try {
      await connection.run(
        `SET allowed_paths = [${paths.map(literal).join(', ')}]; SET enable_external_access = false`,
      );
      return await use(connection);
    } finally {
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
  }
}

/** What DuckDB says of a file it can't read, as a refusal that does not name our paths. Errors of a native module may be of another realm than ours. */
async function refusing<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof ProblemError) throw cause;
    const message = typeof cause === 'object' && cause !== null && 'message' in cause ? String(cause.message) : '';
    const plain = message.replaceAll(path, 'the file').replaceAll(/\s+/g, ' ');
    const detail = (plain.split(/ Possible |File: | LINE /)[0] ?? '').slice(0, 300).trim();
    throw batchProblem('unprocessable', 'dataset_unusable', `the dataset can't be read: ${detail}`, { cause });
  }
}
