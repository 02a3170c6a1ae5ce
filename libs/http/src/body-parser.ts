import type { IncomingHttpHeaders } from 'node:http';
import type { RouteDefinition } from '@myriad/contracts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parseJsonBody } from './json-body.js';
import type { HttpLimits } from './options.js';
import type { IncomingBody } from './param.decorators.js';
import { ProtocolError } from './protocol-error.js';
import { declaredLength, guardBody, readBody } from './read-body.js';
import { routeOf } from './request-state.js';

/**
 * One parser for every media type: what a route takes is said by its contract, not by what Fastify knows. A body without a media type
 * is read as JSON, for clients of the inference protocol send none.
 */
export function installBodyParser(instance: FastifyInstance, limits: HttpLimits): void {
  instance.removeAllContentTypeParsers();
  instance.addHook('onResponse', (request, _reply, done) => {
    releaseStreamedBody(request);
    done();
  });
  instance.addContentTypeParser('*', async (request: FastifyRequest) => {
    const route = routeOf(request);
    if (route === undefined) return undefined;
    try {
      return await parseBody(request, route, limits);
    } catch (error) {
      keep(request, error);
      return undefined;
    }
  });
}

/**
 * A handler that refused without reading leaves the rest of a streamed body behind: it is read away, or it would stand before the next
 * request of the connection.
 */
function releaseStreamedBody(request: FastifyRequest): void {
  const { streamedBody } = request.myriad;
  if (streamedBody !== undefined && !streamedBody.destroyed) streamedBody.destroy();
}

/**
 * A body that stalled leaves nothing but to close the connection, which Fastify does for a rejected parser. All others are told in the
 * ordinary way, so that Node reads the rest of the body away and the client gets to see the answer.
 */
function keep(request: FastifyRequest, error: unknown): void {
  if (!(error instanceof ProtocolError) || error.statusCode === 408) throw error;
  request.myriad.bodyError = error;
}

async function parseBody(request: FastifyRequest, route: RouteDefinition, limits: HttpLimits): Promise<unknown> {
  const maxBytes = route.maxBodyBytes ?? limits.maxBodyBytes;
  const mediaType = mediaTypeOf(request.headers);
  if (route.streamedBody !== undefined) {
    refuseMediaType(mediaType, route.streamedBody);
    const stream = guardBody(request.raw, { maxBytes, timeoutMs: limits.streamPauseMs });
    request.myriad.streamedBody = stream;
    return { stream, mediaType, contentLength: declaredLength(request.raw) } satisfies IncomingBody;
  }
  refuseEncoding(request);
  if (mediaType !== '') refuseMediaType(mediaType, ['application/json']);
  const bytes = await readBody(request.raw, { maxBytes, timeoutMs: limits.bodyTimeoutMs });
  return bytes.length === 0 ? undefined : parseJsonBody(bytes);
}

/** In lower case, without parameters; empty when the client names none. */
export function mediaTypeOf(headers: IncomingHttpHeaders): string {
  return (headers['content-type'] ?? '').split(';', 1).join('').trim().toLowerCase();
}

/** @throws {ProtocolError} 415 */
export function refuseMediaType(sent: string, allowed: readonly string[]): void {
  if (allowed.includes(sent) || allowed.includes('*/*')) return;
  const detail = `sent ${sent === '' ? 'no media type' : `'${sent}'`}; allowed is ${allowed.join(' or ')}`;
  throw new ProtocolError(415, 'http.unsupported_media_type', detail, [{ pointer: '#header/content-type', detail }]);
}

function refuseEncoding(request: FastifyRequest): void {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity') return;
  const detail = `sent a body encoded as '${encoding}'; allowed is none`;
  throw new ProtocolError(415, 'http.unsupported_media_type', detail, [
    { pointer: '#header/content-encoding', detail },
  ]);
}
