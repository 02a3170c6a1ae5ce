import { createHash } from 'node:crypto';
import { type PageBody, type PageRequest, ProblemError, pageFrom } from '@myriad/kernel';

/** A sort key's value. Use ids (UUIDv7 sorts by time) or texts; a timestamp loses its microseconds on the way through JavaScript. */
export type CursorValue = string | number | boolean | null;

/** Cursor: base64url of 6 bytes of SHA-256 over (list name, NUL, JSON), then the JSON array of the last row's sort keys. */
const CHECK_BYTES = 6;

function checkOf(list: string, json: Buffer): Buffer {
  return createHash('sha256').update(`${list}\0`).update(json).digest().subarray(0, CHECK_BYTES);
}

/**
 * The token of the page after the row with these sort keys. `list` names the list and its filters: a token of another list is refused.
 * The check stops accidents, not attackers: row-level security does not rest on it.
 */
export function encodeCursor(values: readonly CursorValue[], list = ''): string {
  const json = Buffer.from(JSON.stringify(values));
  return Buffer.concat([checkOf(list, json), json]).toString('base64url');
}

/** @throws {ProblemError} `persistence.cursor_invalid` when the token is not one that {@link encodeCursor} made for this list */
export function decodeCursor(token: string, list = ''): readonly CursorValue[] {
  const bytes = Buffer.from(token, 'base64url');
  const json = bytes.subarray(CHECK_BYTES);
  const isWhole = bytes.length > CHECK_BYTES && bytes.toString('base64url') === token;
  if (!isWhole || !checkOf(list, json).equals(bytes.subarray(0, CHECK_BYTES))) throw invalidCursor();
  return JSON.parse(json.toString()) as readonly CursorValue[];
}

/**
 * The first sort key of the last row of the page before; null for the first page.
 * @throws {ProblemError} `persistence.cursor_invalid`
 */
export function startOf(page: PageRequest): CursorValue {
  return page.pageToken === undefined ? null : (decodeCursor(page.pageToken)[0] ?? null);
}

/** The page of these rows, found in key order with `LIMIT pageSize + 1`; `keysOf` gives an item's sort key, or several in their order. */
export function pageOfRows<R, T>(
  rows: readonly R[],
  { pageSize }: PageRequest,
  toItem: (row: R) => T,
  keysOf: (item: T) => CursorValue | readonly CursorValue[],
): PageBody<T> {
  const items = rows.map((row) => toItem(row));
  return pageFrom(items, pageSize, (last) => encodeCursor([keysOf(last)].flat()));
}

function invalidCursor(): ProblemError {
  const detail =
    'pageToken is not one that this list gave; send nextPageToken of the page before unchanged, with the same filters';
  return new ProblemError({
    kind: 'invalid',
    code: 'persistence.cursor_invalid',
    detail,
    errors: [{ pointer: '#query/pageToken', detail }],
  });
}
