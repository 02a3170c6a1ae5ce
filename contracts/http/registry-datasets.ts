import { z } from 'zod';
import { fields } from '../define-event.js';
import { defineRoute, pageOf, pageQuery } from '../define-route.js';

const classification = z.enum(['public', 'internal', 'confidential', 'restricted']);
const format = z.enum(['csv', 'parquet']);

/** One column, measured over the whole version. */
export const columnSchema = z.object({
  name: z.string(),
  type: z.enum(['integer', 'number', 'string', 'boolean', 'timestamp']),
  nullCount: fields.count,
  distinctCount: fields.count.describe('approximate above 10,000'),
  min: z.union([z.number(), z.string()]).nullable(),
  max: z.union([z.number(), z.string()]).nullable(),
  mean: z.number().nullable().describe('numeric columns only'),
  standardDeviation: z.number().nullable().describe('numeric columns only'),
});

export const datasetVersionSchema = z.object({
  datasetName: fields.name,
  version: z.int().positive(),
  digest: fields.digest,
  format,
  sizeBytes: fields.sizeBytes,
  rowCount: fields.count,
  columns: z.array(columnSchema),
  committedBy: fields.id,
  committedAt: fields.time,
});

export const datasetSchema = z.object({
  datasetId: fields.id,
  name: fields.name,
  description: z.string(),
  classification,
  latestVersion: z.int().positive().nullable(),
  createdBy: fields.id,
  createdAt: fields.time,
});

export const presignedSchema = z.object({
  url: z.string(),
  method: z.enum(['GET', 'PUT']),
  headers: z.record(z.string(), z.string()),
  expiresAt: fields.time,
});

export const grantSchema = z.object({
  grantId: fields.id,
  datasetName: fields.name,
  principalId: fields.id,
  purpose: z.enum(['training', 'evaluation', 'batch']),
  justification: z.string(),
  status: z.enum(['pending', 'active', 'rejected', 'expired', 'revoked']),
  evidenceDigest: fields.digest.describe('what the approver decides on: the digest of this request'),
  requestedBy: fields.id,
  requestedAt: fields.time,
  expiresAt: fields.time,
  decidedBy: fields.id.nullable(),
});

const byName = z.object({ name: fields.name });
const byVersion = z.object({ name: fields.name, version: z.coerce.number().int().positive() });
const refusedFiles = [
  'registry.csv_ragged',
  'registry.csv_encoding',
  'registry.csv_duplicate_header',
  'registry.too_many_columns',
  'registry.file_too_costly',
  'registry.file_empty',
  'registry.file_invalid',
] as const;

export const datasetRoutes = {
  createDataset: defineRoute({
    operationId: 'createDataset',
    method: 'POST',
    path: '/v1/datasets',
    summary: 'Make a dataset; its versions come later',
    permission: 'datasets:write',
    status: 201,
    body: z.strictObject({
      name: fields.name,
      description: z.string().max(2000).default(''),
      classification: classification.default('internal'),
    }),
    response: datasetSchema,
    problems: ['registry.dataset_exists'],
  }),
  listDatasets: defineRoute({
    operationId: 'listDatasets',
    method: 'GET',
    path: '/v1/datasets',
    summary: 'The datasets of the acting tenant',
    permission: 'datasets:read',
    query: pageQuery,
    response: pageOf(datasetSchema),
  }),
  getDataset: defineRoute({
    operationId: 'getDataset',
    method: 'GET',
    path: '/v1/datasets/:name',
    summary: 'One dataset',
    permission: 'datasets:read',
    params: byName,
    response: datasetSchema,
    problems: ['registry.dataset_not_found'],
  }),
  listDatasetVersions: defineRoute({
    operationId: 'listDatasetVersions',
    method: 'GET',
    path: '/v1/datasets/:name/versions',
    summary: 'Versions, newest first',
    permission: 'datasets:read',
    params: byName,
    query: pageQuery,
    response: pageOf(datasetVersionSchema),
  }),
  getDatasetVersion: defineRoute({
    operationId: 'getDatasetVersion',
    method: 'GET',
    path: '/v1/datasets/:name/versions/:version',
    summary: 'One version with its statistics',
    permission: 'datasets:read',
    params: byVersion,
    response: datasetVersionSchema,
    problems: ['registry.dataset_version_not_found'],
  }),
  createDatasetUpload: defineRoute({
    operationId: 'createDatasetUpload',
    method: 'POST',
    path: '/v1/datasets/:name/uploads',
    summary: 'A presigned URL to upload exactly these bytes to',
    permission: 'datasets:write',
    status: 201,
    params: byName,
    body: z.strictObject({ digest: fields.digest, sizeBytes: z.int().positive().max(5_497_558_138_880) }),
    response: presignedSchema,
  }),
  commitDatasetVersion: defineRoute({
    operationId: 'commitDatasetVersion',
    method: 'POST',
    path: '/v1/datasets/:name/versions',
    permission: 'datasets:write',
    status: 201,
    params: byName,
    summary: 'Check an uploaded file and make it the next version; bytes that are a version already give that version',
    body: z.strictObject({ digest: fields.digest, format }),
    response: datasetVersionSchema,
    problems: ['registry.upload_not_found', 'registry.digest_mismatch', ...refusedFiles],
  }),
  putDatasetContent: defineRoute({
    operationId: 'putDatasetContent',
    method: 'PUT',
    path: '/v1/datasets/:name/content',
    permission: 'datasets:write',
    status: 201,
    params: byName,
    maxBodyBytes: 5_368_709_120,
    summary: 'Upload and commit in one request',
    query: z.object({ format: format.default('csv') }),
    streamedBody: ['text/csv', 'application/octet-stream', 'application/vnd.apache.parquet'],
    response: datasetVersionSchema,
    problems: refusedFiles,
  }),
  downloadDatasetVersion: defineRoute({
    operationId: 'downloadDatasetVersion',
    method: 'GET',
    path: '/v1/datasets/:name/versions/:version/download',
    summary: 'A presigned URL to download the file',
    permission: 'datasets:read',
    params: byVersion,
    response: presignedSchema,
  }),
} as const;

export const grantRoutes = {
  requestGrant: defineRoute({
    operationId: 'requestGrant',
    method: 'POST',
    path: '/v1/grants',
    permission: 'grants:request',
    status: 202,
    summary: 'Ask for the use of a dataset of the acting tenant; someone else decides',
    body: z.strictObject({
      datasetName: fields.name,
      principalId: fields.id.optional().describe('who may use it; default the caller'),
      purpose: z.enum(['training', 'evaluation', 'batch']),
      justification: z.string().min(1).max(2000),
      expiresInHours: z.int().min(1).max(8760).default(720),
    }),
    response: grantSchema,
    problems: ['registry.dataset_not_found'],
  }),
  listGrants: defineRoute({
    operationId: 'listGrants',
    method: 'GET',
    path: '/v1/grants',
    summary: 'Grants on the datasets of the acting tenant',
    permission: 'grants:read',
    query: pageQuery.extend({
      datasetName: fields.name.optional(),
      status: z.enum(['pending', 'active', 'rejected', 'expired', 'revoked']).optional(),
    }),
    response: pageOf(grantSchema),
  }),
  getGrant: defineRoute({
    operationId: 'getGrant',
    method: 'GET',
    path: '/v1/grants/:grantId',
    summary: 'One grant',
    permission: 'grants:read',
    params: z.object({ grantId: fields.id }),
    response: grantSchema,
    problems: ['registry.grant_not_found'],
  }),
  revokeGrant: defineRoute({
    operationId: 'revokeGrant',
    method: 'DELETE',
    path: '/v1/grants/:grantId',
    summary: 'End a grant now',
    permission: 'grants:revoke',
    params: z.object({ grantId: fields.id }),
    response: grantSchema,
    problems: ['registry.grant_not_found'],
  }),
} as const;
