import { type CursorValue, decodeCursor, encodeCursor } from '@myriad/persistence';
import type { Page, PageRequest } from '../application/ports.js';

/** The first sort key of the page before's last row; null for the first page. */
export function startOf(page: PageRequest): CursorValue {
  return page.pageToken === undefined ? null : (decodeCursor(page.pageToken)[0] ?? null);
}

/** A page of rows, when one more than fits was asked for. */
export function pageOfRows<R, T>(
  rows: readonly R[],
  page: PageRequest,
  toItem: (row: R) => T,
  keyOf: (item: T) => CursorValue,
): Page<T> {
  const items = rows.slice(0, page.pageSize).map(toItem);
  const last = items.at(-1);
  return {
    items,
    nextPageToken: rows.length > page.pageSize && last !== undefined ? encodeCursor([keyOf(last)]) : undefined,
  };
}
