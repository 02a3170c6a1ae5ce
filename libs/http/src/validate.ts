import type { RouteDefinition } from '@myriad/contracts';
import { ProblemError, type ProblemDetail } from '@myriad/kernel';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { describeIssues, type Part } from './describe-issue.js';
import { mlflowFault } from './mlflow/mlflow-problem.js';

/** How many faults one answer lists. */
const MAX_FAULTS = 100;

interface Parsed {
  readonly value: unknown;
  readonly faults: readonly ProblemDetail[];
}

/** A route's schemas, made ready once: an object that says nothing of unknown members refuses them, but in a foreign dialect. */
export interface RouteSchemas {
  readonly dialect: RouteDefinition['dialect'];
  readonly params: z.ZodType;
  readonly query: z.ZodType;
  readonly body: z.ZodType;
}

const nothing = z.strictObject({});
const anything = z.object({});

export function schemasOf({ dialect, params, query, body }: RouteDefinition): RouteSchemas {
  if (dialect !== undefined)
    return { dialect, params: params ?? anything, query: query ?? anything, body: body ?? anything };
  return {
    dialect,
    params: strict(params ?? nothing),
    query: strict(query ?? nothing),
    body: strict(body ?? nothing),
  };
}

function strict(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodObject && schema.def.catchall === undefined ? schema.strict() : schema;
}

/** What was sent, to be checked; a body that is absent here is not looked into. */
export interface RequestParts {
  readonly params: unknown;
  readonly query: unknown;
  readonly body?: unknown;
}

/**
 * The values of path, query and body as the schemas parse them.
 * @throws {ProblemError} `invalid`, code `http.validation_failed`, with an entry for every fault of all three.
 */
export function validateParts(schemas: RouteSchemas, parts: RequestParts): RequestParts {
  const params = parse(schemas.params, parts.params, '#path');
  const query = parse(schemas.query, parts.query, '#query');
  const body = 'body' in parts ? parse(schemas.body, parts.body, '') : { value: undefined, faults: [] };
  const faults = [...params.faults, ...query.faults, ...body.faults];
  if (faults.length > 0) throw validationProblem(faults, schemas.dialect);
  return { params: params.value, query: query.value, body: body.value };
}

/** Checks a request ({@link validateParts}) and keeps the values in its state. */
export function validateRequest(request: FastifyRequest, route: RouteDefinition, schemas: RouteSchemas): void {
  const parts = { params: request.params ?? {}, query: { ...(request.query as object) } };
  if (route.streamedBody !== undefined)
    Object.assign(request.myriad, validateParts(schemas, parts), { body: request.body });
  else Object.assign(request.myriad, validateParts(schemas, { ...parts, body: request.body ?? absent(request) }));
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
export function validationProblem(
  faults: readonly ProblemDetail[],
  dialect?: RouteDefinition['dialect'],
): ProblemError {
  const [first] = faults;
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : '';
  const where = first === undefined || first.pointer === '' ? 'the body' : first.pointer;
  const own = first === undefined ? 'the request is not valid' : `${where}: ${first.detail}${more}`;
  return new ProblemError({
    kind: 'invalid',
    code: 'http.validation_failed',
    detail: first !== undefined && dialect === 'mlflow' ? mlflowFault(first) : own,
    errors: faults.slice(0, MAX_FAULTS),
  });
}
