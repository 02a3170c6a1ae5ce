import { type Tx, decodeCursor, encodeCursor } from '@myriad/persistence';
import { type SearchFields, compileFilter, parseFilter, parseOrder } from '@myriad/search';
import type { Found, Search } from '../../application/tracking/ports.js';
import type { ViewType } from '../../domain/tracking.js';

export interface SearchQuery {
  /** `SELECT … FROM … WHERE …`, with `values` as its parameters; filter, stage, order and page are put behind it. */
  readonly select: string;
  readonly values: readonly unknown[];
  readonly fields: SearchFields;
  /** The SQL to order by for a term of the request; `key` is a placeholder that holds the key asked for. @throws {ProblemError} `search.order_invalid` */
  readonly orderOf: (term: ReturnType<typeof parseOrder>, bind: (value: unknown) => string) => string;
  /** What is ordered by at the end, so that the order is one. */
  readonly ties: string;
  /** The column of the lifecycle stage. */
  readonly stage: string;
}

/** A time as MLflow's clients write it, milliseconds. */
export const millis = (column: string): string => `floor(extract(epoch FROM ${column}) * 1000)::float8`;

const STAGES: Readonly<Record<ViewType, readonly string[]>> = {
  ACTIVE_ONLY: ['active'],
  DELETED_ONLY: ['deleted'],
  ALL: ['active', 'deleted'],
};

/** Rows of a list in MLflow's grammar. A page is named by how many rows stand before it. */
export async function searchRows<R>(
  tx: Tx,
  search: Search,
  { select, values, fields, orderOf, ties, stage }: SearchQuery,
): Promise<Found<R>> {
  const bound = [...values];
  const bind = (value: unknown): string => `$${bound.push(value)}`;
  const parts = [`${stage} = ANY (${bind(STAGES[search.viewType])})`];
  const expression = parseFilter(search.filter, 'conjunctions');
  if (expression !== undefined) {
    const filter = compileFilter(expression, fields, bound.length + 1);
    bound.push(...filter.values);
    parts.push(filter.sql);
  }
  const orders = search.orderBy.map((text) => orderOf(parseOrder(text), bind));
  const list = JSON.stringify([search.filter, search.orderBy, search.viewType, values]);
  const offset = search.pageToken === undefined ? 0 : Number(decodeCursor(search.pageToken, list)[0]);
  const rows = await tx.query<R>(
    `${select} AND ${parts.join(' AND ')} ORDER BY ${[...orders, ties].join(', ')}
     LIMIT ${bind(search.maxResults + 1)} OFFSET ${bind(offset)}`,
    bound,
  );
  const items = rows.slice(0, search.maxResults);
  const isMore = rows.length > search.maxResults;
  return { items, nextPageToken: isMore ? encodeCursor([offset + items.length], list) : undefined };
}
