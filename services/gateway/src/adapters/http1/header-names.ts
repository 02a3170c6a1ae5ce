/** A header's name as it was found right. */
export interface HeaderName {
  /** In lower case. */
  readonly name: string;
  readonly isLength: boolean;
  /** It is between the two ends of a connection. */
  readonly isOfConnection: boolean;
}

const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
const OF_CONNECTION: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'transfer-encoding']);
/** Our services use some dozens of names; somebody else's may be made up. */
const MAX_REMEMBERED = 1_000;
const remembered = new Map<string, HeaderName>();

/** The name as it is spelled; undefined for what is none. */
export function headerName(spelled: string): HeaderName | undefined {
  const known = remembered.get(spelled);
  if (known !== undefined) return known;
  if (!TOKEN.test(spelled)) return undefined;
  const name = spelled.toLowerCase();
  const found = { name, isLength: name === 'content-length', isOfConnection: OF_CONNECTION.has(name) };
  if (remembered.size < MAX_REMEMBERED) remembered.set(spelled, found);
  return found;
}
