/** What a list asks for. */
export interface PageRequest {
  /** Items, 1–500. */
  readonly pageSize: number;
  /** `nextPageToken` of the page before; none for the first. */
  readonly pageToken?: string | undefined;
}

/** One page of a list, in a stable order of keys. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Absent on the last page. */
  readonly nextPageToken?: string | undefined;
}

/** {@link Page} as a response carries it. */
export interface PageBody<T> {
  items: T[];
  nextPageToken?: string;
}

/** A page of what a store found, when it was asked for one item more than the page holds. */
export function pageFrom<T>(found: readonly T[], pageSize: number, tokenOf: (last: T) => string): PageBody<T> {
  const items = found.slice(0, pageSize);
  const last = items.at(-1);
  return found.length > pageSize && last !== undefined ? { items, nextPageToken: tokenOf(last) } : { items };
}

/** The same page with each item changed; what a controller answers with. */
export function mapPage<T, U>(page: Page<T>, toItem: (item: T) => U): PageBody<U> {
  const items = page.items.map((item) => toItem(item));
  return page.nextPageToken === undefined ? { items } : { items, nextPageToken: page.nextPageToken };
}
