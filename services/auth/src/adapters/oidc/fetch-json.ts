/** A provider that has not answered by then counts as away, milliseconds. */
const TIMEOUT_MS = 5_000;
/** Longer answers are not read. */
const MAX_BYTES = 524_288;
const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** The provider gave no usable answer. */
export class ProviderUnavailable extends Error {
  constructor(what: string, cause?: unknown) {
    super(what, { cause });
    this.name = 'ProviderUnavailable';
  }
}

/** Whether what is sent there can't be read or changed on the way: https, or this machine. */
export function isTrustworthyUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.has(hostname));
}

/**
 * Fetches JSON of a provider; redirects are not followed, so that nothing is sent elsewhere.
 * @throws {ProviderUnavailable} when there is no answer in time, a 5xx or 429, or no JSON
 */
export async function fetchJson(
  url: string,
  init: RequestInit = {},
): Promise<{ readonly status: number; readonly body: unknown }> {
  if (!isTrustworthyUrl(url)) throw new ProviderUnavailable('the provider names an address that is not https');
  const { origin, pathname } = new URL(url);
  const what = `${init.method ?? 'GET'} ${origin}${pathname}`;
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(url, { ...init, signal, redirect: 'error' });
    const text = await limited(response);
    if (response.status >= 500 || response.status === 429) throw new ProviderUnavailable(`${what}: ${response.status}`);
    return { status: response.status, body: JSON.parse(text) };
  } catch (error) {
    throw error instanceof ProviderUnavailable ? error : new ProviderUnavailable(`${what} failed`, error);
  }
}

async function limited(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    const bytes = chunk as Uint8Array;
    size += bytes.length;
    if (size > MAX_BYTES) throw new ProviderUnavailable(`the answer is longer than ${MAX_BYTES} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}
