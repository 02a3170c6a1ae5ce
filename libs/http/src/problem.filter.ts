import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { HttpLogger } from './options.js';
import { refusalOf } from './problem-of.js';

/** Answers everything that is thrown as problem+json, and logs what is our fault. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly logger: HttpLogger) {}

  async catch(thrown: unknown, host: ArgumentsHost): Promise<void> {
    const http = host.switchToHttp();
    await this.answer(thrown, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  async answer(thrown: unknown, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const error = causeOf(thrown);
    const { problem, headers, isFault } = refusalOf(error, request);
    if (isFault) this.logger.error({ err: error, requestId: request.id, code: problem.code }, 'a request failed');
    if (reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    request.myriad.problemCode = problem.code;
    await reply.code(problem.status).headers(headers).send(problem);
  }
}

/** The adapter wraps Fastify's refusals into Nest's; what was thrown first says more. */
function causeOf(thrown: unknown): unknown {
  return thrown instanceof HttpException && thrown.cause instanceof Error ? thrown.cause : thrown;
}
