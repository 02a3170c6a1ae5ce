/** Headers of one connection (RFC 9110 §7.6.1), what the gateway says itself, and what only it may say. Never forwarded to a service. */
const NOT_FORWARDED: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'host',
  'authorization',
  'x-api-key',
  'cookie',
  'x-request-id',
  // what is left of it is told in the gateway's own words
  'x-request-timeout-ms',
  'traceparent',
  'forwarded',
  'via',
  'x-real-ip',
  'x-original-url',
  'x-rewrite-url',
]);
/** Whatever begins so is between gateway and services, or claims where a request came from. */
const RESERVED = /^(?:x-myriad-|x-forwarded-)/;

const NOT_RETURNED: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-request-id',
]);

/** Header names that `Connection` declares to be of this connection only. */
function connectionNames(value: string | undefined): readonly string[] {
  if (value === undefined || value === 'keep-alive' || value === 'close') return [];
  return value
    .toLowerCase()
    .split(',')
    .map((name) => name.trim());
}

/** The client's headers for a service, names and values in turn, without what it must not say. */
export function forwardedHeaders(rawHeaders: readonly string[], connection: string | undefined): string[] {
  const ofConnection = connectionNames(connection);
  const headers: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = forwardedName(rawHeaders[i] ?? '');
    if (name === undefined || ofConnection.includes(name)) continue;
    headers.push(name, rawHeaders[i + 1] ?? '');
  }
  return headers;
}

/** Names as they were spelled lately: clients use some dozens, and may make up more. */
const MAX_REMEMBERED = 1_000;
const remembered = new Map<string, string | undefined>();

/** In lower case; undefined for what is not forwarded. */
function forwardedName(spelled: string): string | undefined {
  const known = remembered.get(spelled);
  if (known !== undefined || remembered.has(spelled)) return known;
  const name = spelled.toLowerCase();
  const found = NOT_FORWARDED.has(name) || RESERVED.test(name) ? undefined : name;
  if (remembered.size < MAX_REMEMBERED && spelled.length <= 64) remembered.set(spelled, found);
  return found;
}

/** Names and values in turn, without those of a name. */
export function withoutHeader(headers: readonly string[], name: string): string[] {
  return headers.filter((_text, at) => headers[at - (at % 2)] !== name);
}

/** The service's headers for the client, and the gateway's `own` over them; names and values in turn. */
export function returnedHeaders(headers: readonly string[], own: Readonly<Record<string, string>>): string[] {
  const returned: string[] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (own[name] === undefined && !NOT_RETURNED.has(name)) returned.push(name, headers[i + 1] ?? '');
  }
  for (const name in own) returned.push(name, own[name] ?? '');
  return returned;
}

/** The first value of a header. */
export function valueOf(headers: readonly string[], name: string): string | undefined {
  for (let i = 0; i + 1 < headers.length; i += 2) if (headers[i] === name) return headers[i + 1];
  return undefined;
}
