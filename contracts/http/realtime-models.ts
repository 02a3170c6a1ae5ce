import { z } from 'zod';
import { fields } from '../define-event.js';
import { defineRoute } from '../define-route.js';
import { tensorSchema } from '../signature.js';

/** What the Open Inference Protocol and its extensions of Triton say of models, besides predicting: metadata, configuration, statistics, the repository. */

export const byModel = z.object({ model: fields.name });
export const byVersion = z.object({ model: fields.name, version: z.string().regex(/^[1-9]\d{0,8}$/) });
const notFound = ['realtime.model_not_found'] as const;
/** Of what one of two permissions allows to read. */
const unreadable = ['realtime.permission_missing'] as const;
const unavailable = [...notFound, 'realtime.model_unavailable'] as const;

export const modelMetadataSchema = z.object({
  name: fields.name,
  versions: z.array(z.string()),
  platform: z.literal('onnxruntime_onnx'),
  inputs: z.array(tensorSchema),
  outputs: z.array(tensorSchema),
});

const configTensor = z.object({
  name: z.string(),
  data_type: z.string().describe('TYPE_FP32, TYPE_STRING, …'),
  dims: z.array(z.int()).describe('without the batch where max_batch_size is not 0'),
  reshape: z.object({ shape: z.array(z.int()) }).optional(),
});

export const modelConfigSchema = z.object({
  name: fields.name,
  platform: z.literal('onnxruntime_onnx'),
  backend: z.literal('onnxruntime'),
  version_policy: z.object({ specific: z.object({ versions: z.array(z.int()) }) }),
  max_batch_size: z.int().describe('rows of one request; 0: the first dimension is no batch'),
  input: z.array(configTensor),
  output: z.array(configTensor),
});

const duration = z.object({ count: z.int(), ns: z.int() });

export const modelStatisticsSchema = z.object({
  model_stats: z.array(
    z.object({
      name: fields.name,
      version: z.string(),
      last_inference: z.int().describe('Unix milliseconds, 0: none'),
      inference_count: z.int().describe('rows'),
      execution_count: z.int().describe('requests that were run'),
      inference_stats: z.object({
        success: duration,
        fail: duration,
        queue: duration,
        compute_input: duration,
        compute_infer: duration,
        compute_output: duration,
        cache_hit: duration,
        cache_miss: duration,
      }),
      batch_stats: z.array(z.never()),
      memory_usage: z.array(z.never()),
    }),
  ),
});

export const repositoryIndexSchema = z.array(
  z.object({ name: fields.name, version: z.string(), state: z.literal('READY'), reason: z.string() }),
);

const parameters = z.record(z.string(), z.unknown()).optional();
const setting = z.record(z.string(), z.unknown());
const settings = { permission: 'none', response: setting } as const;

export const realtimeModelRoutes = {
  modelMetadata: defineRoute({
    operationId: 'modelMetadata',
    method: 'GET',
    path: '/v2/models/:model',
    summary: "A model's version, inputs and outputs; needs models:read or predictions:invoke",
    permission: 'none',
    params: byModel,
    response: modelMetadataSchema,
    problems: [...notFound, ...unreadable],
  }),
  modelVersionMetadata: defineRoute({
    operationId: 'modelVersionMetadata',
    method: 'GET',
    path: '/v2/models/:model/versions/:version',
    summary: 'As modelMetadata, of the version that is served',
    permission: 'none',
    params: byVersion,
    response: modelMetadataSchema,
    problems: [...notFound, ...unreadable],
  }),
  modelReady: defineRoute({
    operationId: 'modelReady',
    method: 'GET',
    path: '/v2/models/:model/ready',
    summary: 'An empty answer when the model can be run; loads it when it is not in memory',
    permission: 'none',
    params: byModel,
    response: z.void(),
    problems: [...unavailable, ...unreadable],
  }),
  modelVersionReady: defineRoute({
    operationId: 'modelVersionReady',
    method: 'GET',
    path: '/v2/models/:model/versions/:version/ready',
    summary: 'As modelReady, of the version that is served',
    permission: 'none',
    params: byVersion,
    response: z.void(),
    problems: [...unavailable, ...unreadable],
  }),
  modelConfig: defineRoute({
    operationId: 'modelConfig',
    method: 'GET',
    path: '/v2/models/:model/config',
    summary: "A model's configuration, as Triton writes it",
    permission: 'none',
    params: byModel,
    response: modelConfigSchema,
    problems: [...notFound, ...unreadable],
  }),
  modelVersionConfig: defineRoute({
    operationId: 'modelVersionConfig',
    method: 'GET',
    path: '/v2/models/:model/versions/:version/config',
    summary: 'As modelConfig, of the version that is served',
    permission: 'none',
    params: byVersion,
    response: modelConfigSchema,
    problems: [...notFound, ...unreadable],
  }),
  modelStatistics: defineRoute({
    operationId: 'modelStatistics',
    method: 'GET',
    path: '/v2/models/:model/stats',
    summary: 'What a model did in this process since it was placed',
    permission: 'none',
    params: byModel,
    response: modelStatisticsSchema,
    problems: [...notFound, ...unreadable],
  }),
  modelVersionStatistics: defineRoute({
    operationId: 'modelVersionStatistics',
    method: 'GET',
    path: '/v2/models/:model/versions/:version/stats',
    summary: 'As modelStatistics, of the version that is served',
    permission: 'none',
    params: byVersion,
    response: modelStatisticsSchema,
    problems: [...notFound, ...unreadable],
  }),
  repositoryIndex: defineRoute({
    operationId: 'repositoryIndex',
    method: 'POST',
    path: '/v2/repository/index',
    summary: "The tenant's models that this process serves, in memory or brought there on demand",
    permission: 'none',
    body: z.strictObject({ ready: z.boolean().optional() }),
    response: repositoryIndexSchema,
    problems: unreadable,
  }),
  loadModel: defineRoute({
    operationId: 'loadModel',
    method: 'POST',
    path: '/v2/repository/models/:model/load',
    summary: 'Brings a placed model into memory; what is placed, and how it is configured, the deployer decides',
    permission: 'predictions:invoke',
    params: byModel,
    body: z.strictObject({ parameters }),
    response: z.void(),
    problems: [...unavailable, 'realtime.unsupported'],
  }),
  unloadModel: defineRoute({
    operationId: 'unloadModel',
    method: 'POST',
    path: '/v2/repository/models/:model/unload',
    summary: "Frees a model's memory; it comes back with its next request, for it stays placed",
    permission: 'predictions:invoke',
    params: byModel,
    body: z.strictObject({ parameters }),
    response: z.void(),
    problems: notFound,
  }),
  traceSetting: defineRoute({
    operationId: 'traceSetting',
    method: 'GET',
    path: '/v2/trace/setting',
    summary: 'That the server writes no trace files',
    ...settings,
  }),
  updateTraceSetting: defineRoute({
    operationId: 'updateTraceSetting',
    method: 'POST',
    path: '/v2/trace/setting',
    summary: 'As traceSetting; a setting that would change something is refused',
    body: setting,
    ...settings,
    problems: ['realtime.unsupported'],
  }),
  logSetting: defineRoute({
    operationId: 'logSetting',
    method: 'GET',
    path: '/v2/logging',
    summary: 'What the server logs',
    ...settings,
  }),
  updateLogSetting: defineRoute({
    operationId: 'updateLogSetting',
    method: 'POST',
    path: '/v2/logging',
    summary: 'As logSetting; a setting that would change something is refused',
    body: setting,
    ...settings,
    problems: ['realtime.unsupported'],
  }),
} as const;
