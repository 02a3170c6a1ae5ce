import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { parse } from 'yaml';

export type Schema = Readonly<Record<string, unknown>>;

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly schema: Schema;
}

interface Described {
  readonly operationId: string;
  readonly security?: readonly unknown[];
  readonly parameters?: readonly (Parameter | { readonly $ref: string })[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema?: Schema }>> };
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Schema }>> }>
  >;
  readonly 'x-problems'?: readonly string[];
}

/** One operation, as the published page has it. */
export interface Operation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly isPublic: boolean;
  readonly pathAndQuery: readonly Parameter[];
  /** Of a JSON body; undefined where none is taken. */
  readonly body: Schema | undefined;
  readonly statuses: ReadonlySet<string>;
  readonly problems: ReadonlySet<string>;
  /** Says what is wrong with the JSON of a 200; undefined where that has no body. */
  readonly checkAnswer: ValidateFunction | undefined;
}

const PAGE = `${import.meta.dirname}/../../../../contracts/printed/realtime.openapi.yaml`;

/** The operations of the published page, and the check of its problems. */
export function readPage(): { readonly operations: readonly Operation[]; readonly checkProblem: ValidateFunction } {
  const page = parse(readFileSync(PAGE, 'utf8')) as {
    paths: Record<string, Record<string, Described>>;
    components: { schemas: { Problem: Schema } };
  };
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  const operations = Object.entries(page.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => operationOf({ path, method, described }, ajv)),
  );
  return { operations, checkProblem: ajv.compile(page.components.schemas.Problem) };
}

function operationOf(
  { path, method, described }: { readonly path: string; readonly method: string; readonly described: Described },
  ajv: Ajv2020,
): Operation {
  const answer = described.responses['200']?.content?.['application/json']?.schema;
  return {
    id: described.operationId,
    method: method.toUpperCase(),
    path,
    isPublic: described.security?.length === 0,
    pathAndQuery: (described.parameters ?? []).filter(
      (each): each is Parameter => 'in' in each && each.in !== 'header',
    ),
    body: described.requestBody?.content['application/json']?.schema,
    statuses: new Set(Object.keys(described.responses)),
    problems: new Set(described['x-problems'] ?? []),
    checkAnswer: answer === undefined ? undefined : ajv.compile(answer),
  };
}
