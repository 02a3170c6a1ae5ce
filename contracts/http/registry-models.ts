import { z } from 'zod';
import { fields } from '../define-event.js';
import { familySchema } from '../model-class.js';
import { defineRoute, pageOf, pageQuery } from '../define-route.js';
import { servingReportSchema } from '../serving.js';
import { signatureSchema } from '../signature.js';
import { presignedSchema } from './registry-datasets.js';

const feature = z.strictObject({
  name: z.string().min(1).max(128),
  kind: z.enum(['numeric', 'categorical']),
  required: z.boolean().default(true),
});

export const applicationSchema = z.object({
  applicationId: fields.id,
  name: fields.name,
  task: z.enum(['binary-classification', 'regression']),
  features: z.array(feature),
  label: z.string(),
  recipe: fields.name.nullable(),
  suite: fields.name.nullable(),
  generation: fields.count,
  createdAt: fields.time,
});

export const modelSchema = z.object({
  modelId: fields.id,
  name: fields.name,
  application: fields.name.nullable(),
  description: z.string().nullable(),
  latestVersion: z.int().positive().nullable(),
  aliases: z.record(z.string(), z.int().positive()),
  tags: z.record(z.string(), z.string()),
  createdAt: fields.time,
  /** Of the model, its tags and aliases, or its newest version. */
  updatedAt: fields.time,
  deletedAt: fields.time.nullable(),
});

export const admissionStatus = z.enum(['pending', 'admitted', 'rejected', 'awaiting-review']);

export const modelVersionSchema = z.object({
  modelName: fields.name,
  version: z.int().positive(),
  versionId: fields.id,
  application: fields.name.nullable(),
  description: z.string().nullable(),
  tags: z.record(z.string(), z.string()),
  artifactDigest: fields.digest,
  sizeBytes: fields.sizeBytes,
  admission: z.object({
    status: admissionStatus,
    reasons: z.array(z.object({ code: z.string(), detail: z.string() })),
    checkedAt: fields.time.nullable(),
    parity: z.object({ rows: fields.count, maxDifference: z.number() }).nullable(),
  }),
  signature: signatureSchema.nullable(),
  family: familySchema.nullable(),
  sizeClass: z.enum(['small', 'medium', 'large']).nullable(),
  profile: z
    .object({
      parameterCount: fields.count,
      operators: z.array(z.string()),
      latencyMicrosP50: z.number(),
      batchInvariant: z.boolean(),
    })
    .nullable(),
  /** How it is served and why not otherwise; null while it is not admitted, and for versions that were admitted before ways were tried. */
  serving: servingReportSchema.nullable(),
  lineage: z.object({
    runId: fields.id.nullable(),
    fleetRunId: fields.id.nullable(),
    datasetDigests: z.array(fields.digest),
    recipeDigest: fields.digest.nullable(),
    parameters: z.record(z.string(), z.unknown()),
  }),
  registeredBy: fields.id,
  registeredAt: fields.time,
});

export const aliasSchema = z.object({
  modelName: fields.name,
  alias: fields.name,
  version: z.int().positive(),
  movedBy: fields.id,
  movedAt: fields.time,
  reason: z.string(),
});

/** A move of an alias; without a version it was removed. */
export const aliasMoveSchema = aliasSchema.extend({ version: z.int().positive().nullable() });

export const byName = z.object({ name: fields.name });
export const byVersion = z.object({ name: fields.name, version: z.coerce.number().int().positive() });
export const byAlias = z.object({ name: fields.name, alias: fields.name });

export const applicationRoutes = {
  createApplication: defineRoute({
    operationId: 'createApplication',
    method: 'POST',
    path: '/v1/applications',
    summary: 'Describe a use case that many tenants share',
    permission: 'applications:write',
    scope: 'platform',
    status: 201,
    body: z.strictObject({
      name: fields.name,
      task: z.enum(['binary-classification', 'regression']),
      features: z.array(feature).min(1).max(1000),
      label: z.string().min(1),
      recipe: fields.name.nullable().default(null),
      suite: fields.name.nullable().default(null),
    }),
    response: applicationSchema,
    problems: ['registry.application_exists'],
  }),
  listApplications: defineRoute({
    operationId: 'listApplications',
    method: 'GET',
    path: '/v1/applications',
    summary: 'Every application of the platform',
    permission: 'applications:read',
    query: pageQuery,
    response: pageOf(applicationSchema),
  }),
  getApplication: defineRoute({
    operationId: 'getApplication',
    method: 'GET',
    path: '/v1/applications/:name',
    summary: 'One application',
    permission: 'applications:read',
    params: byName,
    response: applicationSchema,
    problems: ['registry.application_not_found'],
  }),
  updateApplication: defineRoute({
    operationId: 'updateApplication',
    method: 'PATCH',
    path: '/v1/applications/:name',
    summary: 'Change its recipe or suite',
    permission: 'applications:write',
    scope: 'platform',
    params: byName,
    body: z.strictObject({ recipe: fields.name.nullable().optional(), suite: fields.name.nullable().optional() }),
    response: applicationSchema,
    problems: ['registry.application_not_found'],
  }),
} as const;

export const modelRoutes = {
  getModel: defineRoute({
    operationId: 'getModel',
    method: 'GET',
    path: '/v1/models/:name',
    summary: 'One model and its aliases',
    permission: 'models:read',
    params: byName,
    response: modelSchema,
    problems: ['registry.model_not_found'],
  }),
  createModelUpload: defineRoute({
    operationId: 'createModelUpload',
    method: 'POST',
    path: '/v1/models/:name/uploads',
    summary: 'A presigned URL to upload an ONNX file or its parity file to',
    permission: 'models:write',
    status: 201,
    params: byName,
    body: z.strictObject({ digest: fields.digest, sizeBytes: z.int().positive().max(2_147_483_648) }),
    response: presignedSchema,
  }),
  registerModelVersion: defineRoute({
    operationId: 'registerModelVersion',
    method: 'POST',
    path: '/v1/models/:name/versions',
    summary: 'Register an uploaded ONNX file; admission follows',
    permission: 'models:write',
    status: 202,
    params: byName,
    body: z.strictObject({
      artifactDigest: fields.digest,
      parityDigest: fields.digest.optional(),
      application: fields.name.optional(),
    }),
    response: modelVersionSchema,
    problems: ['registry.upload_not_found', 'registry.application_not_found'],
  }),
  listModelVersions: defineRoute({
    operationId: 'listModelVersions',
    method: 'GET',
    path: '/v1/models/:name/versions',
    summary: 'Versions, newest first',
    permission: 'models:read',
    params: byName,
    query: pageQuery,
    response: pageOf(modelVersionSchema),
  }),
  getModelVersion: defineRoute({
    operationId: 'getModelVersion',
    method: 'GET',
    path: '/v1/models/:name/versions/:version',
    summary: 'One version: admission, signature, profile, lineage',
    permission: 'models:read',
    params: byVersion,
    response: modelVersionSchema,
    problems: ['registry.model_version_not_found'],
  }),
  listAliases: defineRoute({
    operationId: 'listAliases',
    method: 'GET',
    path: '/v1/models/:name/aliases',
    summary: 'The aliases of a model',
    permission: 'models:read',
    params: byName,
    query: pageQuery,
    response: pageOf(aliasSchema),
  }),
  moveAlias: defineRoute({
    operationId: 'moveAlias',
    method: 'PUT',
    path: '/v1/models/:name/aliases/:alias',
    summary: 'Point an alias to an admitted version',
    permission: 'models:write',
    params: byAlias,
    body: z.strictObject({ version: z.int().positive(), reason: z.string().min(1).max(500) }),
    response: aliasSchema,
    problems: ['registry.model_version_not_found', 'registry.version_not_admitted'],
  }),
  listAliasHistory: defineRoute({
    operationId: 'listAliasHistory',
    method: 'GET',
    path: '/v1/models/:name/aliases/:alias/history',
    summary: 'Where an alias pointed, newest first',
    permission: 'models:read',
    params: byAlias,
    query: pageQuery,
    response: pageOf(aliasMoveSchema),
  }),
} as const;
