import { Once, ProblemError, digestOfJson } from '@myriad/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { IdempotencyPort } from './idempotency.port.js';
import type { HttpLogger } from './options.js';

const KEY_FORM = /^[\x21-\x7e]{1,128}$/;

/**
 * Claims the `Idempotency-Key` of a POST. Sends the kept answer when the same request was done before.
 * @returns true when the answer was sent. @throws {ProblemError} `invalid` or `conflict`
 */
export async function claimIdempotencyKey(
  request: FastifyRequest,
  reply: FastifyReply,
  port: IdempotencyPort,
): Promise<boolean> {
  const { route, context } = request.myriad;
  const header = request.headers['idempotency-key'];
  if (route?.method !== 'POST' || context === undefined || header === undefined) return false;
  if (route.streamedBody !== undefined) return false;
  if (typeof header !== 'string' || !KEY_FORM.test(header)) throw badKey(header);
  const key = `${route.operationId}:${context.principal.id}:${header}`;
  const { params, query, body } = request.myriad;
  const claim = await port.begin(context, key, digestOfJson({ params, query, body }));
  if (claim.state === 'started') {
    request.myriad.idempotencyKey = key;
    const { claimId, isResumed } = claim.once;
    request.myriad.context = { ...context, once: new Once(claimId, isResumed, route.secretResponse !== true) };
    return false;
  }
  if (claim.state !== 'completed') throw busyKey(claim.state);
  if (route.secretResponse === true) throw withheld();
  await reply
    .code(claim.status)
    .header('idempotency-replayed', 'true')
    .type('application/json; charset=utf-8')
    .send(claim.body);
  return true;
}

/** Keeps the answer when the request succeeded, else gives the key free. Never fails the answer itself. */
export async function settleIdempotencyKey(
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
  { port, logger }: { readonly port: IdempotencyPort; readonly logger: HttpLogger },
): Promise<void> {
  const { idempotencyKey: key, context, route } = request.myriad;
  if (key === undefined || context === undefined) return;
  delete request.myriad.idempotencyKey;
  const isDone = reply.statusCode < 300 && (typeof payload === 'string' || payload === undefined || payload === null);
  try {
    if (!isDone) await port.abandon(context, key);
    else
      await port.complete(context, key, { status: reply.statusCode, body: keptBody(route?.secretResponse, payload) });
  } catch (error) {
    logger.warn({ err: error, requestId: request.id }, 'the outcome of an idempotency key was not kept');
  }
}

function keptBody(isSecret: boolean | undefined, payload: unknown): string {
  return isSecret !== true && typeof payload === 'string' ? payload : '';
}

function badKey(sent: unknown): ProblemError {
  const detail = `sent ${typeof sent === 'string' ? `${sent.length} characters` : 'more than one'}; allowed is one key of 1 to 128 visible ASCII characters`;
  return new ProblemError({
    kind: 'invalid',
    code: 'http.idempotency_key_invalid',
    detail,
    errors: [{ pointer: '#header/idempotency-key', detail }],
  });
}

function busyKey(state: 'in-progress' | 'mismatch'): ProblemError {
  if (state === 'mismatch') {
    return new ProblemError({
      kind: 'conflict',
      code: 'http.idempotency_key_reused',
      detail: 'this Idempotency-Key was sent with another request before; a new request needs a new key',
    });
  }
  return new ProblemError({
    kind: 'conflict',
    code: 'http.idempotency_in_progress',
    detail: 'a request with this Idempotency-Key is being worked on; ask again later',
    retryAfterSeconds: 1,
  });
}

function withheld(): ProblemError {
  return new ProblemError({
    kind: 'conflict',
    code: 'http.idempotency_answer_withheld',
    detail:
      'this request was done before and its answer held a secret that is shown once; make a new one with a new key',
  });
}
