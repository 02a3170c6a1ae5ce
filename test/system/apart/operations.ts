import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Schema } from './schema.js';

const PRINTED = join(import.meta.dirname, '../../../contracts/printed');
const JSON_TYPE = 'application/json';

/** A text or number of a request that somebody chooses. */
export interface Place {
  /** `datasets/name` in a path, `?pageToken` in a query, `.dataset.name` or `.datasets[].name` in a body. */
  readonly at: string;
  readonly schema: Schema;
}

/** One operation, as its OpenAPI file says. */
export interface Operation {
  readonly service: string;
  readonly operationId: string;
  readonly method: string;
  /** `/v1/datasets/{name}` */
  readonly path: string;
  readonly permission: string;
  /** Only for those who act in the tenant `platform`. */
  readonly isPlatforms: boolean;
  /** Answers with events that come one by one, until their subject ends. */
  readonly isStream: boolean;
  readonly parameters: readonly Parameter[];
  /** Of a JSON body. */
  readonly body: Schema | undefined;
  /** Of any body; the first that it takes. */
  readonly mediaType: string | undefined;
}

interface Parameter extends Place {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly required: boolean;
}

const contentSchema = z.record(z.string(), z.object({ schema: z.custom<Schema>().optional() }));
const operationSchema = z.object({
  operationId: z.string(),
  'x-permission': z.string(),
  'x-scope': z.string().optional(),
  parameters: z
    .array(
      z.union([
        z.object({
          name: z.string(),
          in: z.enum(['path', 'query']),
          required: z.boolean().default(false),
          schema: z.custom<Schema>(),
        }),
        // headers that all operations share
        z.object({
          $ref: z.enum(['Tenant', 'Environment', 'IdempotencyKey'].map((name) => `#/components/parameters/${name}`)),
        }),
      ]),
    )
    .default([]),
  requestBody: z.object({ content: contentSchema }).optional(),
  responses: z.record(z.string(), z.object({ content: contentSchema.optional() })),
});
const documentSchema = z.object({ paths: z.record(z.string(), z.record(z.string(), operationSchema)) });

/** Every operation of every OpenAPI file of the contracts. */
export function readOperations(): readonly Operation[] {
  return readdirSync(PRINTED)
    .filter((name) => name.endsWith('.openapi.yaml'))
    .flatMap((name) => {
      const { paths } = documentSchema.parse(parse(readFileSync(join(PRINTED, name), 'utf8')));
      const service = name.replace('.openapi.yaml', '');
      return Object.entries(paths).flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, printed]) => operationOf(service, method.toUpperCase(), path, printed)),
      );
    });
}

function operationOf(
  service: string,
  method: string,
  path: string,
  printed: z.infer<typeof operationSchema>,
): Operation {
  const content = printed.requestBody?.content ?? {};
  const answers = Object.values(printed.responses).flatMap((response) => Object.keys(response.content ?? {}));
  return {
    service,
    operationId: printed.operationId,
    method,
    path,
    permission: printed['x-permission'],
    isPlatforms: printed['x-scope'] === 'platform',
    isStream: answers.includes('text/event-stream'),
    parameters: printed.parameters.flatMap((parameter) =>
      'name' in parameter ? [{ ...parameter, at: placeOf(path, parameter) }] : [],
    ),
    body: content[JSON_TYPE]?.schema,
    mediaType: Object.keys(content)[0],
  };
}

/** A parameter of a path is known by the collection before it: `datasets/name`. */
function placeOf(path: string, { name, in: where }: { readonly name: string; readonly in: string }): string {
  if (where === 'query') return `?${name}`;
  const collection = new RegExp(`([^/]+)/\\{${name}\\}`).exec(path)?.[1] ?? '';
  return `${collection}/${name}`;
}
