import type { FastifyReply, FastifyRequest } from 'fastify';
import type { HttpLogger } from './options.js';

/** One line a request: who, what (by template, never by value), how it ended. */
export function logRequest(logger: HttpLogger, request: FastifyRequest, reply: FastifyReply): void {
  const { context, route, problemCode } = request.myriad;
  const fields = {
    requestId: request.id,
    tenantId: context?.tenantId,
    principalId: context?.principal.id,
    method: request.method,
    route: route?.path,
    status: reply.statusCode,
    durationMs: Math.round(reply.elapsedTime * 10) / 10,
    code: problemCode,
  };
  if (reply.statusCode >= 500) logger.warn(fields, 'request');
  else logger.info(fields, 'request');
}
