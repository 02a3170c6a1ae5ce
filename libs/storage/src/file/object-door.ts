import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ProblemError, type ProblemKind } from '@myriad/kernel';
import { parseRangeHeader, type ResolvedRange } from '../byte-range.js';
import type { ObjectStore } from '../object-store.port.js';
import { storageProblem } from '../storage-problem.js';
import type { UrlGrant, UrlSigner } from './url-signer.js';

/** How long a refused uploader may go on sending before its connection is cut. */
const LINGER_MS = 5_000;

/** Of the kinds that a store throws; the rest are faults. */
const STATUS_OF: Partial<Record<ProblemKind, number>> = {
  invalid: 400,
  forbidden: 403,
  'not-found': 404,
  gone: 410,
  'too-large': 413,
  unprocessable: 422,
  unavailable: 503,
};

export interface ObjectDoorOptions {
  /** Told of what is our fault: damaged objects, a full disk, surprises. */
  readonly onError?: (error: unknown) => void;
}

/** A store whose presigned URLs lead to a door of ours: of files, or encrypting. */
export type SigningStore = ObjectStore & { readonly urls: UrlSigner | undefined };

/**
 * The `node:http` request handler behind such a store's presigned URLs: `PUT` takes exactly the announced bytes, `GET` and `HEAD` give them, with one `Range`.
 * Nothing but a valid signature opens it; refusals are `application/problem+json`. Mount it anywhere: the last two segments of the path count.
 * Uploads may be long: the server needs a `requestTimeout` that allows them.
 * @throws {TypeError} when the store has no signing key.
 */
export function createObjectDoor(
  store: SigningStore,
  { onError = () => undefined }: ObjectDoorOptions = {},
): (request: IncomingMessage, response: ServerResponse) => void {
  const { urls } = store;
  if (!urls) throw new TypeError('a door needs a store with a public URL and a signing key');
  return (request, response) => {
    answer(store, urls, request, response).catch((error: unknown) => {
      refuse(error, request, response);
      if (isOurs(error)) onError(error);
    });
  };
}

/** Not: a refusal, or a client that went away. */
function isOurs(error: unknown): boolean {
  if (error instanceof ProblemError) return error.logLevel !== 'info';
  const { code } = error as NodeJS.ErrnoException;
  return (
    !(error instanceof MethodNotAllowed) && !['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'].includes(code ?? '')
  );
}

async function answer(
  store: ObjectStore,
  urls: UrlSigner,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = '', url = '' } = request;
  response.setHeader('x-content-type-options', 'nosniff');
  if (method === 'PUT') return receive(store, urls.verify('PUT', url), request, response);
  if (method === 'GET' || method === 'HEAD') return send(store, urls.verify('GET', url), request, response);
  response.setHeader('allow', 'GET, HEAD, PUT');
  throw new MethodNotAllowed();
}

async function receive(
  store: ObjectStore,
  { tenantId, digest, sizeBytes }: UrlGrant,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const announced = request.headers['content-length'];
  if (announced !== undefined && Number(announced) !== sizeBytes)
    throw storageProblem.sizeMismatch(sizeBytes, `${announced} were sent`);
  // not the request itself: a store that refuses destroys its source, and with it the way to answer
  const body = Readable.from(chunksOf(request), { objectMode: false });
  const info = await store.put(tenantId, body, { expectedDigest: digest, maxSizeBytes: sizeBytes });
  response.writeHead(201, { 'content-length': 0, etag: `"${info.digest}"` }).end();
}

/** A generator around the iterator: an error thrown into the iterator itself destroys the request in spite of `destroyOnReturn`. */
async function* chunksOf(request: IncomingMessage): AsyncGenerator<Buffer> {
  for await (const chunk of request.iterator({ destroyOnReturn: false })) yield chunk as Buffer;
}

async function send(
  store: ObjectStore,
  { tenantId, digest }: UrlGrant,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const info = await store.head(tenantId, digest);
  if (!info) throw storageProblem.objectNotFound(digest);
  response.setHeader('accept-ranges', 'bytes');
  response.setHeader('etag', `"${digest}"`);
  response.setHeader('content-type', 'application/octet-stream');
  response.setHeader('content-disposition', 'attachment');
  response.setHeader('cache-control', 'private, max-age=31536000, immutable');
  const range = request.method === 'HEAD' ? undefined : rangeOf(request, response, info.sizeBytes);
  const lengthBytes = range ? range.end - range.start + 1 : info.sizeBytes;
  response.setHeader('content-length', lengthBytes);
  if (range) response.setHeader('content-range', `bytes ${range.start}-${range.end}/${info.sizeBytes}`);
  response.writeHead(range ? 206 : 200);
  if (request.method === 'HEAD') response.end();
  else await pipeline(await store.get(tenantId, digest, range), response);
}

function rangeOf(request: IncomingMessage, response: ServerResponse, sizeBytes: number): ResolvedRange | undefined {
  try {
    return parseRangeHeader(request.headers.range, sizeBytes);
  } catch (error) {
    response.setHeader('content-range', `bytes */${sizeBytes}`);
    throw error;
  }
}

class MethodNotAllowed extends Error {}

function statusOf(error: unknown): number {
  if (error instanceof MethodNotAllowed) return 405;
  if (!(error instanceof ProblemError)) return 500;
  return error.code === 'storage.range_invalid' ? 416 : (STATUS_OF[error.kind] ?? 500);
}

function refuse(error: unknown, request: IncomingMessage, response: ServerResponse): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const status = statusOf(error);
  const isTold = error instanceof ProblemError && status !== 500;
  for (const name of ['etag', 'cache-control', 'content-disposition', 'content-length', 'accept-ranges'])
    response.removeHeader(name);
  if (isTold && error.retryAfterSeconds !== undefined) response.setHeader('retry-after', error.retryAfterSeconds);
  const code = error instanceof ProblemError ? error.code : status === 405 ? 'storage.method_not_allowed' : 'internal';
  const body = {
    type: `urn:myriad:problem:${code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    code,
    detail: isTold ? error.message : status === 405 ? 'allowed are GET, HEAD, PUT' : 'the object store failed',
  };
  response.writeHead(status, { 'content-type': 'application/problem+json' }).end(JSON.stringify(body));
  lingerBriefly(request);
}

/** Node reads on behind an early answer, so that the client comes to read it; but not for ever. */
function lingerBriefly(request: IncomingMessage): void {
  if (request.complete) return;
  const timer = setTimeout(() => request.destroy(), LINGER_MS);
  timer.unref();
  request.once('close', () => {
    clearTimeout(timer);
  });
  // A listener, not resume() alone: that does nothing while the store's iterator still waits for the next chunk.
  request.on('data', () => undefined);
}
