import { ProblemError, canonicalJson } from '@myriad/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Answers what the contract does not say are a fault of ours, whether a member is missing, of another type, or one too many. */
export function checkResponse(
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
  done: (error: Error | null, payload: unknown) => void,
): void {
  const { route } = request.myriad;
  if (route === undefined || reply.statusCode >= 400) {
    done(null, payload);
    return;
  }
  const sent: unknown = JSON.parse(JSON.stringify(payload));
  const result = route.response.safeParse(sent);
  const why = result.success ? undeclared(sent, result.data) : result.error.message;
  done(
    why === undefined
      ? null
      : new ProblemError({
          kind: 'internal',
          code: 'http.internal',
          detail: `${route.operationId} broke its contract: ${why}`,
        }),
    payload,
  );
}

function undeclared(sent: unknown, declared: unknown): string | undefined {
  const [whole, known] = [canonicalJson(sent), canonicalJson(declared)];
  return whole === known ? undefined : `it sent ${whole}, of which the contract knows ${known}`;
}
