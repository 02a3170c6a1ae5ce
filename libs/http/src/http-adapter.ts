import type { Socket } from 'node:net';
import { STATUS_CODES } from 'node:http';
import type { Problem } from '@myriad/contracts';
import { uuidv7, type ProblemError } from '@myriad/kernel';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyHttpOptions, FastifyReply, RawServerDefault } from 'fastify';
import type { IncomingMessage } from 'node:http';
import { problemOf, spokenFor } from './problem-of.js';
import { ProtocolError } from './protocol-error.js';
import type { HttpLimits } from './options.js';
import { KEEP_ALIVE_GRACE_MS } from './server-drain.js';
import { tlsServerOptions } from './tls/guard-tls.js';
import type { Tls } from './tls/open-tls.js';

const REQUEST_ID = /^[\w.:-]{1,128}$/;

/** The caller's `x-request-id` when it is a sound one, else a new id. */
export function requestIdOf(request: Pick<IncomingMessage, 'headers'>): string {
  const header = request.headers['x-request-id'];
  return typeof header === 'string' && REQUEST_ID.test(header) ? header : uuidv7();
}

/** Fastify with the times, sizes and manners of Myriad, before any hook. */
export function bareAdapter(limits: HttpLimits, tls?: Tls): FastifyAdapter {
  const server = {
    headersTimeout: limits.headersTimeoutMs,
    keepAliveTimeoutBuffer: KEEP_ALIVE_GRACE_MS,
    connectionsCheckingInterval: Math.min(5_000, Math.max(50, Math.floor(limits.headersTimeoutMs / 4))),
  };
  const secure = tls === undefined ? undefined : { ...server, ...tlsServerOptions(tls.files.current) };
  return new FastifyAdapter<RawServerDefault>({
    logger: false,
    genReqId: requestIdOf,
    bodyLimit: limits.maxBodyBytes,
    keepAliveTimeout: limits.keepAliveMs,
    requestTimeout: limits.requestTimeoutMs,
    ...(secure === undefined ? { http: server } : { https: secure }),
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 1024, ignoreTrailingSlash: false },
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error, request, reply) => {
      sendProblem(reply, spokenFor(request.url, problemOf(error, request.id)));
    },
  } satisfies FastifyHttpOptions<RawServerDefault>);
}

/** For what is refused before any hook runs. */
function sendProblem(reply: FastifyReply, problem: Problem): void {
  void reply
    .code(problem.status)
    .header('x-request-id', problem.requestId)
    .type('application/problem+json')
    .send(problem);
}

interface ClientError extends Error {
  readonly code?: string;
}

/** What never became a request is answered on the bare socket. */
function answerBrokenRequest(error: ClientError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (socket.writable) {
    const requestId = uuidv7();
    const problem = problemOf(brokenRequest(error), requestId);
    const body = JSON.stringify(problem);
    socket.write(
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? 'Error'}\r\ncontent-type: application/problem+json\r\n` +
        `content-length: ${Buffer.byteLength(body)}\r\nx-request-id: ${requestId}\r\nconnection: close\r\n\r\n${body}`,
    );
  }
  socket.destroySoon();
}

function brokenRequest(error: ClientError): ProtocolError | ProblemError {
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new ProtocolError(408, 'http.slow_request', 'the request did not arrive in time');
  }
  if (error.code === 'HPE_HEADER_OVERFLOW') {
    return new ProtocolError(431, 'http.malformed_request', 'the headers are longer than 16 KiB');
  }
  return new ProtocolError(400, 'http.malformed_request', 'what was sent is not HTTP/1.1');
}
