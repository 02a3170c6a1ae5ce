/** What a list asks for: {@link pageQuery} parsed. */
export interface PageRequest {
  /** Items, 1–500. */
  readonly pageSize: number;
  /** `nextPageToken` of the page before; none for the first. */
  readonly pageToken?: string | undefined;
}

/** One page of a list, in a stable order of keys; the response of a route with `pageOf(item)`. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Absent on the last page. */
  readonly nextPageToken?: string;
}

/** A page of what a store found, when it was asked for one item more than the page holds. */
export function pageFrom<T>(found: readonly T[], pageSize: number, tokenOf: (last: T) => string): Page<T> {
  const items = found.slice(0, pageSize);
  const last = items.at(-1);
  return found.length > pageSize && last !== undefined ? { items, nextPageToken: tokenOf(last) } : { items };
}
