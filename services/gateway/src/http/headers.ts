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
    const name = (rawHeaders[i] ?? '').toLowerCase();
    if (NOT_FORWARDED.has(name) || ofConnection.includes(name)) continue;
    if (RESERVED.test(name)) continue;
    headers.push(name, rawHeaders[i + 1] ?? '');
  }
  return headers;
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
