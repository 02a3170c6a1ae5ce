/** A column of a dataset as a model takes it. NaN and '' stand for a missing value. */
export type Column =
  | { readonly kind: 'numeric'; readonly values: Float64Array }
  | { readonly kind: 'categorical'; readonly values: readonly string[] };

/** Rows of a dataset, by column, with the label of each row: 0 or 1 (classification) or any number (regression). */
export interface Table {
  readonly rows: number;
  readonly columns: ReadonlyMap<string, Column>;
  readonly labels: Float64Array;
}

/** The table of the given rows, in their order; a row may come more than once. */
export function takeRows(table: Table, rows: readonly number[]): Table {
  const columns = new Map<string, Column>();
  for (const [name, column] of table.columns) columns.set(name, takeColumn(column, rows));
  return { rows: rows.length, columns, labels: Float64Array.from(rows, (row) => table.labels[row] ?? Number.NaN) };
}

function takeColumn(column: Column, rows: readonly number[]): Column {
  if (column.kind === 'numeric') {
    const { values } = column;
    return { kind: 'numeric', values: Float64Array.from(rows, (row) => values[row] ?? Number.NaN) };
  }
  const { values } = column;
  return { kind: 'categorical', values: rows.map((row) => values[row] ?? '') };
}

/** The table with some columns put in the place of its own. */
export function withColumns(table: Table, replaced: ReadonlyMap<string, Column>): Table {
  return {
    ...table,
    columns: new Map([...table.columns].map(([name, column]) => [name, replaced.get(name) ?? column])),
  };
}
