import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { ProblemError } from '@myriad/kernel';
import { Agent, Headers, fetch, type RequestInit, type Response } from 'undici';
import { type Networks, isPublicAddress } from './public-address.js';

/** Every address of a name. */
export type ResolveName = (hostname: string) => Promise<readonly string[]>;

export interface PublicUrlOptions {
  /** Networks that are allowed although they are not public. Default none. */
  readonly allow?: Networks;
  /** Default `https:` alone. */
  readonly protocols?: readonly ('http:' | 'https:')[];
  /** Default the system's resolver. */
  readonly resolve?: ResolveName;
}

export interface SafeFetchOptions extends PublicUrlOptions {
  /** 0–10. Default 3. */
  readonly maxRedirects?: number;
  /** For everything together until the head of the answer is there, milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
}

const DEFAULT_REDIRECTS = 3;
const DEFAULT_TIMEOUT_MS = 10_000;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** What belongs to one origin and must not follow a redirect to another. */
const OF_ORIGIN = ['authorization', 'cookie', 'proxy-authorization'];

const systemResolve: ResolveName = async (hostname) =>
  (await lookup(hostname, { all: true, order: 'verbatim' })).map(({ address }) => address);

/** A URL that a user gave, and the addresses that may be connected to for it. */
export interface CheckedUrl {
  readonly url: URL;
  readonly addresses: readonly string[];
}

/**
 * Checks a URL that a user gave before anything is sent there: its scheme, no credentials in it, and that each address of its name is public.
 * A check alone does not help against a name that changes its address afterwards: connect to `addresses`, or use {@link safeFetch}.
 * @throws {ProblemError} `http.url_refused`
 */
export async function assertPublicUrl(text: string, options: PublicUrlOptions = {}): Promise<CheckedUrl> {
  const { allow, protocols = ['https:'], resolve = systemResolve } = options;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw refused('it is no URL');
  if (!(protocols as readonly string[]).includes(url.protocol)) throw refused(`allowed is ${protocols.join(' or ')}//`);
  if (url.username !== '' || url.password !== '') throw refused('it holds credentials');
  const hostname = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const addresses = isIP(hostname) === 0 ? await resolve(hostname).catch(() => []) : [hostname];
  if (addresses.length === 0) throw refused('its name has no address');
  // one bad address is enough: which of them a client takes is not ours to say
  if (!addresses.every((address) => isPublicAddress(address) || allow?.has(address) === true))
    throw refused('it leads to an address that is not public');
  return { url, addresses };
}

/**
 * Fetches a URL that a user gave. The connection goes to an address that was checked, whatever the name says by then; each redirect is
 * checked anew, and takes no credentials to another origin. The body is for the caller to bound. No service fetches such a URL yet: it is here for webhooks. Addresses that an
 * operator configures (identity providers, stores) are often private and do not go through it.
 * @throws {ProblemError} `http.url_refused`; what `fetch` throws when the other side does not answer
 */
export async function safeFetch(
  text: string,
  init: RequestInit = {},
  options: SafeFetchOptions = {},
): Promise<Response> {
  const { maxRedirects = DEFAULT_REDIRECTS, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const signal = AbortSignal.timeout(timeoutMs);
  let request: RequestInit = { ...init, redirect: 'manual', signal };
  let target = text;
  for (let hops = 0; hops <= maxRedirects; hops += 1) {
    const checked = await assertPublicUrl(target, options);
    const response = await fetch(checked.url, { ...request, dispatcher: pinned(checked.addresses) });
    const location = REDIRECTS.has(response.status) ? response.headers.get('location') : null;
    if (location === null) return response;
    await response.body?.cancel();
    const next = new URL(location, checked.url);
    request = followed(request, response.status, next.origin === checked.url.origin);
    target = next.href;
  }
  throw refused(`it redirects more than ${maxRedirects} times`);
}

/** Connects to these addresses for whatever name; once. */
function pinned(addresses: readonly string[]): Agent {
  const all = addresses.map((address) => ({ address, family: isIP(address) }));
  return new Agent({
    pipelining: 0,
    connect: {
      lookup: (_hostname, { all: wantsAll }, found) => {
        const [first] = all;
        if (wantsAll === true) found(null, all);
        else found(null, first?.address ?? '', first?.family);
      },
    },
  });
}

function followed(request: RequestInit, status: number, isSameOrigin: boolean): RequestInit {
  const headers = new Headers(request.headers);
  if (!isSameOrigin) for (const name of OF_ORIGIN) headers.delete(name);
  const isRead = status === 303 || (request.method === 'POST' && status < 303);
  if (!isRead) return { ...request, headers: [...headers] };
  headers.delete('content-type');
  headers.delete('content-length');
  return { ...request, method: 'GET', body: null, headers: [...headers] };
}

/** The address is not told: whoever asks must not learn how the network looks from here. */
function refused(why: string): ProblemError {
  return new ProblemError({
    kind: 'unprocessable',
    code: 'http.url_refused',
    detail: `the URL is refused: ${why}`,
  });
}
