import { z } from 'zod';
import { fields } from '../define-event.js';
import { defineRoute } from '../define-route.js';
import { tagChange } from './registry-model-changes.js';
import { modelSchema } from './registry-models.js';

const MAX_ITEMS = 10_000;
const MAX_BODY_BYTES = 16_777_216;

const atomic = z
  .boolean()
  .default(true)
  .describe('true: all or nothing, and the refusal points at each item that is at fault; false: each by itself');
const itemProblem = z.object({ code: z.string(), detail: z.string() }).nullable();
const results = z.object({
  changed: fields.count,
  failed: fields.count,
  items: z.array(z.object({ name: fields.name, problem: itemProblem })).describe('in the order of the request'),
});
const problems = ['registry.bulk_refused', 'registry.bulk_repeated'];

/** Up to 10,000 models in one request and one transaction. */
export const bulkRoutes = {
  getModels: defineRoute({
    operationId: 'getModels',
    method: 'POST',
    path: '/v1/bulk/models/get',
    summary: 'Models by name, up to 10,000; null where there is none',
    permission: 'models:read',
    body: z.strictObject({ names: z.array(fields.name).min(1).max(MAX_ITEMS) }),
    response: z.object({ items: z.array(z.object({ name: fields.name, model: modelSchema.nullable() })) }),
    maxBodyBytes: MAX_BODY_BYTES,
  }),
  tagModels: defineRoute({
    operationId: 'tagModels',
    method: 'POST',
    path: '/v1/bulk/models/tags',
    summary: 'Set and remove tags of up to 10,000 models',
    permission: 'models:write',
    body: z.strictObject({
      items: z
        .array(tagChange.extend({ name: fields.name }))
        .min(1)
        .max(MAX_ITEMS),
      atomic,
    }),
    response: results,
    problems,
    maxBodyBytes: MAX_BODY_BYTES,
  }),
  moveAliases: defineRoute({
    operationId: 'moveAliases',
    method: 'POST',
    path: '/v1/bulk/models/aliases',
    summary: 'Move and remove aliases of up to 10,000 models',
    permission: 'models:write',
    body: z.strictObject({
      items: z
        .array(
          z.strictObject({
            name: fields.name,
            alias: fields.name,
            version: z.int().positive().nullable().describe('null removes the alias'),
          }),
        )
        .min(1)
        .max(MAX_ITEMS),
      reason: z.string().min(1).max(500),
      atomic,
    }),
    response: results,
    problems,
    maxBodyBytes: MAX_BODY_BYTES,
  }),
} as const;
