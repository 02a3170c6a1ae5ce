import type { DuckDBConnection } from '@duckdb/node-api';
import { ProblemError } from '@myriad/kernel';
import type { CsvHeader } from '@myriad/tabular';
import type { FileInspector } from '../../application/ports.js';
import type { ColumnStatistics, ColumnType, FileFacts, FileFormat } from '../../domain/dataset.js';
import { registryProblem } from '../../domain/registry-problem.js';
import { checkCsvText } from './check-csv-text.js';

const MEMORY_LIMIT = '256MB';
/** A file of a few kilobytes may stand for 10¹⁰ rows. */
const MAX_SECONDS = 120;
const MAX_COLUMNS = 4_096;
const INTERRUPT_EVERY_MS = 20;
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Inspects files with DuckDB, in memory and on one thread; the only file it may read is the one it is given. */
export class DuckdbFileInspector implements FileInspector {
  /** @param maxSeconds how long reading a file may take. Default 120. */
  constructor(private readonly maxSeconds = MAX_SECONDS) {}

  async inspect(path: string, format: FileFormat): Promise<FileFacts> {
    const header = format === 'csv' ? await checkCsvText(path) : undefined;
    const { DuckDBInstance } = await import('@duckdb/node-api');
    const instance = await DuckDBInstance.create(':memory:', { threads: '1', memory_limit: MEMORY_LIMIT });
    try {
      const connection = await instance.connect();
      // again and again: an interrupt between two statements is lost
      const untilMs = performance.now() + this.maxSeconds * 1_000;
      const timer = setInterval(() => {
        if (performance.now() > untilMs) connection.interrupt();
      }, INTERRUPT_EVERY_MS);
      try {
        await connection.run(`SET allowed_paths = [${literal(path)}]; SET enable_external_access = false`);
        if (header === undefined) return await measure(connection, `read_parquet(${literal(path)})`);
        const source = await checkRows(connection, path, header);
        return await measure(connection, source);
      } catch (error) {
        throw error instanceof ProblemError
          ? error
          : refusalOf(messageOf(error).replaceAll(path, 'the file'), format, error);
      } finally {
        clearInterval(timer);
        connection.closeSync();
      }
    } finally {
      instance.closeSync();
    }
  }
}

/**
 * Holds every row to the header, and gives the source to measure. The reader is told the dialect: when it has to guess, a ragged file becomes one of a
 * single column, or its first lines are skipped.
 */
async function checkRows(connection: DuckDBConnection, path: string, header: CsvHeader): Promise<string> {
  assertNotTooWide(header.names.length);
  const dialect = `${literal(path)}, header = true, skip = 0, delim = ${literal(header.delimiter)}, quote = '"', escape = '"', comment = '', strict_mode = true, null_padding = false`;
  const columns = header.names.map((_, at) => `c${at}: 'VARCHAR'`).join(', ');
  const asText = `read_csv(${dialect}, auto_detect = false, columns = {${columns}})`;
  const typed = `read_csv(${dialect}, sample_size = -1)`;
  // every column is read, for the reader skips over what nobody asks for
  const whole = header.names.map((_, at) => `count(c${at})`).join(', ');
  const [counted = []] = (await connection.runAndReadAll(`SELECT count(*), ${whole} FROM ${asText}`)).getRowsJson();
  if (Number(counted[0]) === 0) throw noRows();
  return typed;
}

async function measure(connection: DuckDBConnection, source: string): Promise<FileFacts> {
  const described = (await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${source}`)).getRowObjects();
  const columns = described.map((row) => ({
    name: String(row['column_name']),
    type: typeOf(String(row['column_type'])),
  }));
  assertNotTooWide(columns.length);
  const select = ['count(*)', ...columns.flatMap(measuresOf)].join(', ');
  const [row = []] = (await connection.runAndReadAll(`SELECT ${select} FROM ${source}`)).getRowsJson();
  const rowCount = Number(row[0]);
  if (rowCount === 0) throw noRows();
  return {
    rowCount,
    columns: columns.map((column, at) => statisticsOf(column, row.slice(1 + at * MEASURES, 1 + (at + 1) * MEASURES))),
  };
}

function assertNotTooWide(columns: number): void {
  if (columns > MAX_COLUMNS)
    throw registryProblem(
      'unprocessable',
      'too_many_columns',
      `the file has ${columns} columns; allowed are ${MAX_COLUMNS}`,
    );
}

const noRows = (): ProblemError => registryProblem('unprocessable', 'file_empty', 'the file has no rows');

function costOf(message: string): string | undefined {
  if (/^INTERRUPT/i.test(message)) return 'long';
  return /^Out of Memory/i.test(message) ? 'much memory' : undefined;
}

function refusalOf(text: string, format: FileFormat, cause: unknown): ProblemError {
  const message = text.replaceAll(/\s+/g, ' ');
  const cost = costOf(message);
  if (cost !== undefined)
    return registryProblem('unprocessable', 'file_too_costly', `reading the file takes too ${cost}; send less of it`, {
      cause,
    });
  const line = /Line: (\d+)/i.exec(message)?.[1] ?? '?';
  if (format === 'csv' && /Expected Number of Columns|too many columns|missing columns/i.test(message)) {
    const [, expected = '?', found = 'another number of'] =
      /Expected Number of Columns: (\d+) Found: (\d+)/i.exec(message) ?? [];
    return registryProblem(
      'unprocessable',
      'csv_ragged',
      `line ${line} has ${found} values; the header has ${expected}`,
      { cause },
    );
  }
  const detail = (message.split(/ Possible |File: | LINE /)[0] ?? message).slice(0, 300);
  const kind = format === 'csv' ? `CSV, line ${line}` : 'Parquet';
  return registryProblem('unprocessable', 'file_invalid', `it can't be read as ${kind}: ${detail}`, { cause });
}

/** Errors of a native module may be of another realm than ours. */
function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
}

const MEASURES = 6;

function measuresOf({ name, type }: { readonly name: string; readonly type: ColumnType }): string[] {
  const column = quoted(name);
  const isNumeric = type === 'integer' || type === 'number';
  const finite = `CASE WHEN isfinite(CAST(${column} AS DOUBLE)) THEN CAST(${column} AS DOUBLE) END`;
  const [low, high] = isNumeric
    ? [`min(${finite})`, `max(${finite})`]
    : [`CAST(min(${column}) AS VARCHAR)`, `CAST(max(${column}) AS VARCHAR)`];
  return [
    `count(*) - count(${column})`,
    `approx_count_distinct(${column})`,
    low,
    high,
    isNumeric ? `avg(${finite})` : 'NULL',
    isNumeric ? `stddev_samp(${finite})` : 'NULL',
  ];
}

function statisticsOf(
  { name, type }: { readonly name: string; readonly type: ColumnType },
  row: readonly unknown[],
): ColumnStatistics {
  const [nulls, distinct, min, max, mean, deviation] = row;
  const isNumeric = type === 'integer' || type === 'number';
  const bound = (value: unknown): number | string | null => {
    if (typeof value !== 'string' && typeof value !== 'number') return null;
    return isNumeric ? Number(value) : String(value).slice(0, 256);
  };
  const real = (value: unknown): number | null =>
    value === null || value === undefined || !Number.isFinite(Number(value)) ? null : Number(value);
  return {
    name,
    type,
    nullCount: Number(nulls),
    distinctCount: Number(distinct),
    min: bound(min),
    max: bound(max),
    mean: real(mean),
    standardDeviation: real(deviation),
  };
}

function typeOf(duckdbType: string): ColumnType {
  if (/^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER)$/.test(duckdbType)) return 'integer';
  if (/^(DOUBLE|FLOAT|REAL|DECIMAL.*)$/.test(duckdbType)) return 'number';
  if (duckdbType === 'BOOLEAN') return 'boolean';
  return /^(TIMESTAMP|DATE)/.test(duckdbType) ? 'timestamp' : 'string';
}
