import type { Page, PageRequest } from '@myriad/kernel';
import { pageFrom } from '@myriad/kernel';
import { type Tx, decodeCursor, encodeCursor } from '@myriad/persistence';
import type { CompiledFilter } from '@myriad/search';

/** A column that a list is ordered by. Its values travel as the database writes them: times keep their microseconds. */
export interface OrderColumn {
  readonly sql: string;
  readonly type: 'text' | 'timestamptz' | 'integer';
}

/** An order of rows without equals: the last column sets those apart that the others don't. */
export interface Ordering {
  readonly columns: readonly OrderColumn[];
  readonly isDescending: boolean;
}

export interface KeysetQuery {
  /** Columns that name a row, by which it is read then. */
  readonly key: string;
  readonly from: string;
  /** Besides the tenant, which is parameter 1. */
  readonly where: string;
  readonly ordering: Ordering;
  /** Names the list and its filters: a token of another is refused. */
  readonly list: string;
  readonly page: PageRequest;
  /** Compiles the filter for this page; its parameters begin at `first`. `after` says on which names the page begins, where it is ordered by them. */
  readonly filter: (first: number, after: (column: string) => string) => CompiledFilter | undefined;
}

/**
 * The keys of a page, found by the sort keys of the last row of the page before: it costs the same wherever it is. Keys alone, as an index may have all that is asked of a row.
 * @throws {ProblemError} `persistence.cursor_invalid`
 */
export async function keysetPage<K>(tx: Tx, query: KeysetQuery): Promise<Page<K>> {
  const { ordering, page, list } = query;
  const { columns, isDescending } = ordering;
  const keys = page.pageToken === undefined ? [] : decodeCursor(page.pageToken, list);
  const values: unknown[] = [tx.tenantId, ...keys];
  const sign = isDescending ? '<' : '>';
  const places = keys.map((_, at) => `$${at + 2}::${columns[at]?.type ?? 'text'}`);
  const start =
    places.length === 0 ? '' : ` AND (${columns.map(({ sql }) => sql).join(', ')}) ${sign} (${places.join(', ')})`;
  const filter = query.filter(values.length + 1, afterOf(ordering, places, sign));
  values.push(...(filter?.values ?? []), page.pageSize + 1);
  const sorts = columns.map(({ sql }, at) => `${sql}::text AS sort_${at}`);
  const rows = await tx.query<K & Record<`sort_${number}`, string>>(
    `SELECT ${query.key}, ${sorts.join(', ')}
     FROM ${query.from} WHERE ${query.where}${start}${filter === undefined ? '' : ` AND ${filter.sql}`}
     ORDER BY ${columns.map(({ sql }) => `${sql}${isDescending ? ' DESC' : ''}`).join(', ')} LIMIT $${values.length}`,
    values,
  );
  return pageFrom(rows, page.pageSize, (last) =>
    encodeCursor(
      columns.map((_, at) => last[`sort_${at}`] ?? null),
      list,
    ),
  );
}

/** What belongs to the names of a page is looked for from the page's first name on, when the page goes by names. */
function afterOf({ columns }: Ordering, places: readonly string[], sign: string): (column: string) => string {
  const [first] = places;
  if (first === undefined || columns[0]?.type !== 'text') return () => '';
  // of one name there may be several rows
  const reach = columns.length === 1 ? sign : `${sign}=`;
  return (column) => ` AND ${column} ${reach} ${first}`;
}
