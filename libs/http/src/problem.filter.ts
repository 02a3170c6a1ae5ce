import { ProblemError } from '@myriad/kernel';
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { HttpLogger } from './options.js';
import { problemOf, retryAfterOf, spokenFor } from './problem-of.js';

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
    const problem = problemOf(error, request.id);
    if (problem.status >= 500 && !(error instanceof ProblemError && error.retryable)) {
      this.logger.error({ err: error, requestId: request.id, code: problem.code }, 'a request failed');
    }
    if (reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    request.myriad.problemCode = problem.code;
    const retryAfter = retryAfterOf(error);
    if (retryAfter !== undefined) reply.header('retry-after', String(Math.ceil(retryAfter)));
    // The rest of what is late may come at any time and would be taken for the next request.
    if (problem.status === 408) reply.header('connection', 'close');
    if (problem.status === 401) reply.header('www-authenticate', 'Bearer');
    await reply.code(problem.status).type('application/problem+json').send(spokenFor(request.url, problem));
  }
}

/** The adapter wraps Fastify's refusals into Nest's; what was thrown first says more. */
function causeOf(thrown: unknown): unknown {
  return thrown instanceof HttpException && thrown.cause instanceof Error ? thrown.cause : thrown;
}
