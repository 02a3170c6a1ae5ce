import { z } from 'zod';
import { fields } from '../define-event.js';
import { type HttpContract, defineRoute } from '../define-route.js';
import { tensorSchema } from '../signature.js';
import { servingRoutes } from './realtime-serving.js';

const MIB = 1_048_576;
const values = z
  .array(z.unknown())
  .describe('row-major, flat or nested as the shape says; null is a missing value in FP inputs');
const tensorData = z.object({ ...tensorSchema.shape, shape: z.array(z.int().nonnegative()), data: values });

/** What an inference request looks like; it is checked against the model's signature by hand, for speed. */
export const inferRequestSchema = z.object({
  id: z.string().optional().describe('given back in the answer'),
  parameters: z.record(z.string(), z.unknown()).optional(),
  inputs: z.array(tensorData),
  outputs: z
    .array(z.object({ name: z.string() }))
    .optional()
    .describe('which outputs to compute; default all'),
});

/** What an inference answer looks like. */
export const inferResponseSchema = z.object({
  model_name: z.string(),
  model_version: z.string(),
  id: z.string().optional(),
  outputs: z.array(tensorData),
});

/** A schema that is printed and not run. */
function unchecked(schema: z.ZodType): z.ZodUnknown {
  const printed = Object.entries(z.toJSONSchema(schema)).filter(([name]) => name !== '$schema');
  return z.unknown().meta(Object.fromEntries(printed));
}

export const modelMetadataSchema = z.object({
  name: fields.name,
  versions: z.array(z.string()),
  platform: z.literal('onnxruntime_onnx'),
  inputs: z.array(tensorSchema),
  outputs: z.array(tensorSchema),
});

const byModel = z.object({ model: fields.name });
const byVersion = z.object({ model: fields.name, version: z.string().regex(/^[1-9]\d{0,8}$/) });
const notFound = ['realtime.model_not_found'] as const;

const infer = {
  permission: 'predictions:invoke',
  body: unchecked(inferRequestSchema),
  response: unchecked(inferResponseSchema),
  responseType: 'application/json',
  maxBodyBytes: 16 * MIB,
  problems: [
    ...notFound,
    'realtime.binary_unsupported',
    'realtime.model_unavailable',
    'realtime.deadline_exceeded',
    'realtime.tenant_busy',
    'realtime.overloaded',
    'inference.request_invalid',
    'inference.input_missing',
    'inference.input_unexpected',
    'inference.input_duplicate',
    'inference.shape_mismatch',
    'inference.datatype_mismatch',
    'inference.value_invalid',
    'inference.too_many_rows',
    'inference.output_unknown',
    'inference.run_failed',
  ],
} as const;

/** The Open Inference Protocol V2, REST (github.com/kserve/open-inference-protocol). */
export const realtimeRoutes = {
  serverMetadata: defineRoute({
    operationId: 'serverMetadata',
    method: 'GET',
    path: '/v2',
    summary: 'Name, version and extensions of the server',
    permission: 'public',
    response: z.object({ name: z.string(), version: z.string(), extensions: z.array(z.string()) }),
  }),
  serverLive: defineRoute({
    operationId: 'serverLive',
    method: 'GET',
    path: '/v2/health/live',
    summary: 'An empty answer when the server runs',
    permission: 'public',
    response: z.void(),
  }),
  serverReady: defineRoute({
    operationId: 'serverReady',
    method: 'GET',
    path: '/v2/health/ready',
    summary: 'An empty answer when the server knows its models',
    permission: 'public',
    response: z.void(),
    problems: ['realtime.not_ready'],
  }),
  modelMetadata: defineRoute({
    operationId: 'modelMetadata',
    method: 'GET',
    path: '/v2/models/:model',
    summary: "A model's version, inputs and outputs; needs models:read or predictions:invoke",
    permission: 'none',
    params: byModel,
    response: modelMetadataSchema,
    problems: notFound,
  }),
  modelVersionMetadata: defineRoute({
    operationId: 'modelVersionMetadata',
    method: 'GET',
    path: '/v2/models/:model/versions/:version',
    summary: 'As modelMetadata, of the version that is served',
    permission: 'none',
    params: byVersion,
    response: modelMetadataSchema,
    problems: notFound,
  }),
  modelReady: defineRoute({
    operationId: 'modelReady',
    method: 'GET',
    path: '/v2/models/:model/ready',
    summary: 'An empty answer when the model can be run; loads it when it is not in memory',
    permission: 'none',
    params: byModel,
    response: z.void(),
    problems: [...notFound, 'realtime.model_unavailable'],
  }),
  modelVersionReady: defineRoute({
    operationId: 'modelVersionReady',
    method: 'GET',
    path: '/v2/models/:model/versions/:version/ready',
    summary: 'As modelReady, of the version that is served',
    permission: 'none',
    params: byVersion,
    response: z.void(),
    problems: [...notFound, 'realtime.model_unavailable'],
  }),
  infer: defineRoute({
    operationId: 'infer',
    method: 'POST',
    path: '/v2/models/:model/infer',
    summary: 'Predict',
    params: byModel,
    ...infer,
  }),
  inferVersion: defineRoute({
    operationId: 'inferVersion',
    method: 'POST',
    path: '/v2/models/:model/versions/:version/infer',
    summary: 'Predict by the version that is served; another one is not found',
    params: byVersion,
    ...infer,
  }),
} as const;

export const realtimeHttp: HttpContract = {
  service: 'realtime',
  title: 'Real-time prediction',
  description:
    'The Open Inference Protocol V2 over JSON. A request may say how long its answer is of use: X-Request-Timeout-Ms (or X-Myriad-Timeout-Ms), milliseconds from its arrival.',
  routes: { ...realtimeRoutes, ...servingRoutes },
};
