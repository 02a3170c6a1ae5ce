import { z } from 'zod';
import { fields } from '../define-event.js';
import { defineRoute } from '../define-route.js';
import { aliasSchema, byAlias, byName, byVersion, modelSchema, modelVersionSchema } from './registry-models.js';

const reason = z.string().min(1).max(500);
/** PostgreSQL's texts hold no NUL. */
const text = (maxCharacters: number): z.ZodString =>
  z
    .string()
    .max(maxCharacters)
    .refine((value) => !value.includes('\0'), 'holds a NUL character');
const description = text(5_000).nullable();
const tagKey = text(250).min(1);
const tags = z.record(tagKey, text(5_000));
export const tagChange = z.strictObject({
  set: tags.default({}).describe('at most 100 tags of one model or version'),
  remove: z.array(tagKey).max(100).default([]),
});
const NO_MODEL = 'registry.model_not_found';
const NO_VERSION = 'registry.model_version_not_found';

export const modelChangeRoutes = {
  createModel: defineRoute({
    operationId: 'createModel',
    method: 'POST',
    path: '/v1/models',
    summary: 'A model without versions yet; one of a deleted name counts its versions on',
    permission: 'models:write',
    status: 201,
    body: z.strictObject({
      name: fields.name,
      application: fields.name.optional(),
      description: description.default(null),
      tags: tags.default({}),
    }),
    response: modelSchema,
    problems: ['registry.model_exists', 'registry.application_not_found', 'registry.too_many_tags'],
  }),
  updateModel: defineRoute({
    operationId: 'updateModel',
    method: 'PATCH',
    path: '/v1/models/:name',
    summary: 'Describe a model',
    permission: 'models:write',
    params: byName,
    body: z.strictObject({ description }),
    response: modelSchema,
    problems: [NO_MODEL],
  }),
  deleteModel: defineRoute({
    operationId: 'deleteModel',
    method: 'DELETE',
    path: '/v1/models/:name',
    summary: 'Delete a model that no alias points into; it can be restored, and its name stays taken',
    permission: 'models:write',
    status: 204,
    params: byName,
    response: z.void(),
    problems: [NO_MODEL, 'registry.model_in_use'],
  }),
  restoreModel: defineRoute({
    operationId: 'restoreModel',
    method: 'POST',
    path: '/v1/models/:name/restore',
    summary: 'Bring a deleted model back with all it had',
    permission: 'models:write',
    params: byName,
    response: modelSchema,
    problems: [NO_MODEL],
  }),
  tagModel: defineRoute({
    operationId: 'tagModel',
    method: 'PATCH',
    path: '/v1/models/:name/tags',
    summary: 'Set and remove tags of a model',
    permission: 'models:write',
    params: byName,
    body: tagChange,
    response: modelSchema,
    problems: [NO_MODEL, 'registry.too_many_tags'],
  }),
  updateModelVersion: defineRoute({
    operationId: 'updateModelVersion',
    method: 'PATCH',
    path: '/v1/models/:name/versions/:version',
    summary: 'Describe a version',
    permission: 'models:write',
    params: byVersion,
    body: z.strictObject({ description }),
    response: modelVersionSchema,
    problems: [NO_VERSION],
  }),
  tagModelVersion: defineRoute({
    operationId: 'tagModelVersion',
    method: 'PATCH',
    path: '/v1/models/:name/versions/:version/tags',
    summary: 'Set and remove tags of a version',
    permission: 'models:write',
    params: byVersion,
    body: tagChange,
    response: modelVersionSchema,
    problems: [NO_VERSION, 'registry.too_many_tags'],
  }),
  getAlias: defineRoute({
    operationId: 'getAlias',
    method: 'GET',
    path: '/v1/models/:name/aliases/:alias',
    summary: 'Where an alias points, or pointed at a time',
    permission: 'models:read',
    params: byAlias,
    query: z.object({ asOf: z.iso.datetime({ offset: true }).optional().describe('a time; default: now') }),
    response: aliasSchema,
    problems: [NO_MODEL, 'registry.alias_not_found'],
  }),
  removeAlias: defineRoute({
    operationId: 'removeAlias',
    method: 'DELETE',
    path: '/v1/models/:name/aliases/:alias',
    summary: 'Remove an alias; its history stays',
    permission: 'models:write',
    status: 204,
    params: byAlias,
    query: z.object({ reason }),
    response: z.void(),
    problems: [NO_MODEL, 'registry.alias_not_found'],
  }),
} as const;
