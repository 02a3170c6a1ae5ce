import { z } from 'zod';
import { fields } from '../define-event.js';
import { defineRoute, pageOf, pageQuery } from '../define-route.js';
import { admissionStatus, modelSchema, modelVersionSchema } from './registry-models.js';

const filter = z.string().max(16_384).optional();
const invalid = ['search.filter_invalid', 'search.order_invalid', 'persistence.cursor_invalid'];

const counted = z.array(z.object({ value: z.string().nullable(), count: fields.count }));

export const modelSearchRoutes = {
  listModels: defineRoute({
    operationId: 'listModels',
    method: 'GET',
    path: '/v1/models',
    summary: 'The models of the acting tenant, all or those that a filter finds',
    permission: 'models:read',
    query: pageQuery.extend({
      application: fields.name.optional(),
      filter: filter.describe(
        "as in name LIKE 'churn-%' AND tags.team = 'ops'; over name, application, createdAt, updatedAt, latestVersion, tags.<key>, aliases.<alias>",
      ),
      orderBy: z
        .string()
        .max(300)
        .optional()
        .describe('name (default), createdAt or updatedAt, with ASC or DESC; items that are equal go by name'),
      deleted: z.enum(['true', 'false']).default('false').describe('true: the deleted ones, and only those'),
    }),
    response: pageOf(modelSchema),
    problems: invalid,
  }),
  searchModelVersions: defineRoute({
    operationId: 'searchModelVersions',
    method: 'GET',
    path: '/v1/model-versions',
    summary: 'Versions of all models of the acting tenant, or those that a filter finds',
    permission: 'models:read',
    query: pageQuery.extend({
      filter: filter.describe(
        "as in status = 'admitted' AND family = 'tabular'; over modelName, version, versionId, runId, status, application, family, sizeClass, artifactDigest, registeredAt, tags.<key>",
      ),
      orderBy: z
        .string()
        .max(300)
        .optional()
        .describe('modelName (default) or registeredAt, with ASC or DESC; items that are equal go by name and version'),
    }),
    response: pageOf(modelVersionSchema),
    problems: invalid,
  }),
  countModels: defineRoute({
    operationId: 'countModels',
    method: 'GET',
    path: '/v1/model-counts',
    summary: 'How many models a filter finds, by application, alias and state of the newest version',
    permission: 'models:read',
    query: z.object({ filter: filter.describe('as in the list of models') }),
    response: z.object({
      total: fields.count,
      byApplication: counted.describe('the 100 with most models; null: those of none'),
      byAlias: counted.describe('the 100 with most models; a model has one, none or several'),
      byStatus: z.array(z.object({ value: admissionStatus, count: fields.count })),
    }),
    problems: ['search.filter_invalid'],
  }),
} as const;
