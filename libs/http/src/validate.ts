import type { RouteDefinition } from '@myriad/contracts';
import { ProblemError, type ProblemDetail } from '@myriad/kernel';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { describeIssues, type Part } from './describe-issue.js';

/** How many faults one answer lists. */
const MAX_FAULTS = 100;

interface Parsed {
  readonly value: unknown;
  readonly faults: readonly ProblemDetail[];
}

/** A route's schemas, made ready once: an object that says nothing of unknown members refuses them. */
export interface RouteSchemas {
  readonly params: z.ZodType;
  readonly query: z.ZodType;
  readonly body: z.ZodType;
}

const nothing = z.strictObject({});

export function schemasOf(route: RouteDefinition): RouteSchemas {
  return {
    params: strict(route.params ?? nothing),
    query: strict(route.query ?? nothing),
    body: strict(route.body ?? nothing),
  };
}

function strict(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodObject && schema.def.catchall === undefined ? schema.strict() : schema;
}

/**
 * Parses path, query and body and keeps the values in the request's state.
 * @throws {ProblemError} `invalid`, code `http.validation_failed`, with an entry for every fault of all three.
 */
export function validateRequest(request: FastifyRequest, route: RouteDefinition, schemas: RouteSchemas): void {
  const params = parse(schemas.params, request.params ?? {}, '#path');
  const query = parse(schemas.query, { ...(request.query as object) }, '#query');
  const isUnread = route.streamedBody !== undefined || route.bytesBody !== undefined;
  const body = isUnread
    ? { value: request.body ?? (route.bytesBody === undefined ? undefined : Buffer.alloc(0)), faults: [] }
    : parse(schemas.body, request.body ?? absent(request), '');
  const faults = [...params.faults, ...query.faults, ...body.faults];
  if (faults.length > 0) throw validationProblem(faults);
  Object.assign(request.myriad, { params: params.value, query: query.value, body: body.value });
}

/** A body that did not come at all counts as one without members; `null` that was sent stays `null`. */
function absent(request: FastifyRequest): unknown {
  return request.body === undefined ? {} : request.body;
}

function parse(schema: z.ZodType, input: unknown, part: Part): Parsed {
  const result = schema.safeParse(input);
  if (result.success) return { value: result.data, faults: [] };
  return { value: undefined, faults: describeIssues(result.error.issues, part, input) };
}

/** The refusal for a list of faults; for checks that no schema can say. */
export function validationProblem(faults: readonly ProblemDetail[]): ProblemError {
  const [first] = faults;
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : '';
  const where = first === undefined || first.pointer === '' ? 'the body' : first.pointer;
  return new ProblemError({
    kind: 'invalid',
    code: 'http.validation_failed',
    detail: first === undefined ? 'the request is not valid' : `${where}: ${first.detail}${more}`,
    errors: faults.slice(0, MAX_FAULTS),
  });
}
