import { DuckDBInstance } from '@duckdb/node-api';
import { ProblemError, type TenantId } from '@myriad/kernel';
import type { ObjectStore } from '@myriad/storage';
import { delimiterOf } from '@myriad/tabular';
import type { DatasetReader, DatasetView } from '../../application/ports.js';
import { evaluatorProblem } from '../../domain/evaluator-problem.js';
import type { Suite } from '../../domain/suite.js';
import type { Column, Table } from '../../domain/table.js';

const MEMORY_LIMIT = '256MB';
/** A golden set is held in memory, once, while a version is judged. */
const MAX_ROWS = 2_000_000;

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Reads CSV and Parquet with DuckDB: numbers as doubles, categories as text, the label as a number, rows in file order. */
export class DuckdbDatasetReader implements DatasetReader {
  constructor(private readonly store: ObjectStore) {}

  async read(tenantId: TenantId, dataset: DatasetView, suite: Suite): Promise<Table> {
    return this.store.withLocalFile(tenantId, dataset.digest, async (path) => {
      const instance = await DuckDBInstance.create(':memory:', { threads: '1', memory_limit: MEMORY_LIMIT });
      try {
        const connection = await instance.connect();
        try {
          const source = await sourceOf(path, dataset.format);
          const select = [
            ...suite.features.map(({ name, kind }) =>
              kind === 'numeric' ? `CAST(${quoted(name)} AS DOUBLE)` : `CAST(${quoted(name)} AS VARCHAR)`,
            ),
            labelOf(suite.label),
          ];
          const result = await connection.runAndReadAll(
            `SELECT ${select.join(', ')} FROM ${source} LIMIT ${MAX_ROWS + 1}`,
          );
          return toTable(result.getColumns(), suite, dataset);
        } catch (cause) {
          if (cause instanceof ProblemError) throw cause;
          throw evaluatorProblem(
            'unprocessable',
            'dataset_unusable',
            `'${dataset.datasetName}' version ${dataset.version} can't be read as the suite '${suite.name}' wants it: ${firstLine(String(cause))}`,
            { cause },
          );
        } finally {
          connection.closeSync();
        }
      } finally {
        instance.closeSync();
      }
    });
  }
}

/** The reader is told the dialect, and every field comes as text: a guess could make another table of it, or a number of a category like '01'. */
async function sourceOf(path: string, format: DatasetView['format']): Promise<string> {
  if (format === 'parquet') return `read_parquet(${literal(path)})`;
  const dialect = `delim = ${literal(await delimiterOf(path))}, quote = '"', escape = '"', comment = ''`;
  return `read_csv(${literal(path)}, header = true, skip = 0, ${dialect}, strict_mode = true, null_padding = false, all_varchar = true)`;
}

/** A label is 0, 1, or a truth value. */
function labelOf(label: string): string {
  const text = `CAST(${quoted(label)} AS VARCHAR)`;
  return `CASE lower(${text}) WHEN 'true' THEN 1 WHEN 'false' THEN 0 ELSE CAST(${text} AS DOUBLE) END`;
}

const firstLine = (text: string): string => text.split('\n')[0] ?? text;

function toTable(read: readonly (readonly unknown[])[], suite: Suite, dataset: DatasetView): Table {
  const labels = Float64Array.from(read.at(-1) ?? [], (value) => (typeof value === 'number' ? value : Number.NaN));
  if (labels.length > MAX_ROWS)
    throw evaluatorProblem(
      'unprocessable',
      'dataset_unusable',
      `'${dataset.datasetName}' has more than ${MAX_ROWS} rows; a golden set holds at most that many`,
    );
  const unlabelled = labels.findIndex((label) =>
    suite.task === 'binary-classification' ? label !== 0 && label !== 1 : !Number.isFinite(label),
  );
  if (unlabelled >= 0)
    throw evaluatorProblem(
      'unprocessable',
      'dataset_unusable',
      `'${dataset.datasetName}' row ${unlabelled}: label '${suite.label}' must be 0 or 1 and never missing`,
    );
  const columns = new Map<string, Column>();
  for (const [at, feature] of suite.features.entries()) {
    const values = read[at] ?? [];
    columns.set(
      feature.name,
      feature.kind === 'numeric'
        ? {
            kind: 'numeric',
            values: Float64Array.from(values, (value) => (typeof value === 'number' ? value : Number.NaN)),
          }
        : { kind: 'categorical', values: values.map((value) => (typeof value === 'string' ? value : '')) },
    );
  }
  return { rows: labels.length, columns, labels };
}
