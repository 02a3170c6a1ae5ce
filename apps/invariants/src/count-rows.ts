/** How the column `row` of an output file runs. */
export interface CountedRows {
  readonly rows: number;
  readonly distinct: number;
  readonly first: number;
  readonly last: number;
  /** Each row stands after the one of the number before. */
  readonly isOrdered: boolean;
}

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Counts the rows of a batch job's output. */
export async function countRows(path: string, format: 'csv' | 'parquet'): Promise<CountedRows> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:', { threads: '1', preserve_insertion_order: 'true' });
  const connection = await instance.connect();
  try {
    const source =
      format === 'parquet'
        ? `read_parquet(${literal(path)})`
        : `read_csv(${literal(path)}, header = true, delim = ',')`;
    const reader = await connection.runAndReadAll(
      `select count(*)::int as rows, count(distinct "row")::int as distinct, coalesce(min("row"), -1)::int as first, coalesce(max("row"), -1)::int as last,
              coalesce(bool_and(is_next), true) as is_ordered
       from (select n as "row", n = 1 + lag(n, 1, n - 1) over () as is_next from (select "row"::bigint as n from ${source}))`,
    );
    const [counted = {}] = reader.getRowObjects();
    const number = (name: string): number => Number(counted[name]);
    return {
      rows: number('rows'),
      distinct: number('distinct'),
      first: number('first'),
      last: number('last'),
      isOrdered: counted['is_ordered'] === true,
    };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
