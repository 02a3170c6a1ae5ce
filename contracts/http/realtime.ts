import { z } from 'zod';
import { type HttpContract, defineRoute } from '../define-route.js';
import { tensorSchema } from '../signature.js';
import { byModel, byVersion, realtimeModelRoutes } from './realtime-models.js';
import { servingRoutes } from './realtime-serving.js';

const MIB = 1_048_576;
const values = z
  .array(z.unknown())
  .describe('row-major, flat or nested as the shape says; null is a missing value in FP inputs');
const tensorData = z.object({ ...tensorSchema.shape, shape: z.array(z.int().nonnegative()), data: values });
const binarySize = z.int().nonnegative().optional();
/** Values as JSON, or as bytes behind it. */
const sentTensor = z.object({
  ...tensorData.shape,
  data: values.optional(),
  parameters: z
    .looseObject({ binary_data_size: binarySize })
    .optional()
    .describe('binary_data_size: so many bytes behind the JSON hold the values, in the order of the tensors'),
});

/** What an inference request looks like; it is checked against the model's signature by hand, for speed. */
export const inferRequestSchema = z.object({
  id: z.string().optional().describe('given back in the answer'),
  parameters: z
    .looseObject({ binary_data_output: z.boolean().optional().describe('outputs are bytes where they say nothing') })
    .optional(),
  inputs: z.array(sentTensor),
  outputs: z
    .array(
      z.object({
        name: z.string(),
        parameters: z.looseObject({ binary_data: z.boolean().optional() }).optional(),
      }),
    )
    .optional()
    .describe('which outputs to compute; default all'),
});

/** What an inference answer looks like; outputs asked for as bytes say `parameters.binary_data_size` in place of `data`, and the answer is application/octet-stream. */
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

const infer = {
  permission: 'predictions:invoke',
  body: unchecked(inferRequestSchema),
  bytesBody: ['application/json', 'application/octet-stream'],
  response: unchecked(inferResponseSchema),
  responseType: 'application/json',
  maxBodyBytes: 16 * MIB,
  problems: [
    'realtime.model_not_found',
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
    'inference.binary_invalid',
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
    summary: 'Answers when the server runs',
    permission: 'public',
    response: z.object({ live: z.literal(true) }),
  }),
  serverReady: defineRoute({
    operationId: 'serverReady',
    method: 'GET',
    path: '/v2/health/ready',
    summary: 'Answers when the server knows its models',
    permission: 'public',
    response: z.object({ ready: z.literal(true) }),
    problems: ['realtime.not_ready'],
  }),
  ...realtimeModelRoutes,
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
    'The Open Inference Protocol V2 over JSON, and with tensors as bytes behind it (Inference-Header-Content-Length: how many bytes are JSON). Bodies may be gzip or deflate. Problems say their detail under `error`, too. A request may say how long its answer is of use: X-Request-Timeout-Ms (or X-Myriad-Timeout-Ms), milliseconds from its arrival.',
  routes: { ...realtimeRoutes, ...servingRoutes },
};
