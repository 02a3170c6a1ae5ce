import { z } from 'zod';

/** Texts that are no one's words but wrong values of a double in JSON (proto3). */
const NO_NUMBER = ['NaN', 'Infinity', '-Infinity'] as const;

/** A 64-bit integer: a number, or the text that other clients of protocol buffers write. */
export const int64 = z.union([z.int(), z.string().regex(/^-?\d{1,15}$/)]).transform(Number);
const double = z.union([z.number(), z.enum(NO_NUMBER)]);
/** Names of metrics, params and tags. */
const key = z.string().min(1).max(250);
const text = z.string().max(8_000);

export const runId = z.string().min(1).max(128);
export const experimentId = z.string().min(1).max(128);
export const viewType = z.enum(['ACTIVE_ONLY', 'DELETED_ONLY', 'ALL']).default('ACTIVE_ONLY');
export const runStatus = z.enum(['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED']);

/** A param or tag. */
export const keyValue = z.object({ key, value: text });
/** A param or tag that may have no value, which is an empty one. */
export const tag = z.object({ key, value: text.default('') });
export const metricIn = z.object({
  key,
  value: double.transform(Number),
  timestamp: int64,
  step: int64.default(0),
});
export const metricOut = z.object({ key: z.string(), value: double, timestamp: z.int(), step: z.int() });

const dataset = z.object({
  name: z.string().min(1).max(500),
  digest: z.string().min(1).max(36),
  source_type: z.string().max(36),
  source: z.string(),
  schema: z.string().optional(),
  profile: z.string().optional(),
});
export const datasetInput = z.object({ tags: z.array(keyValue).default([]), dataset });

export const experiment = z.object({
  experiment_id: z.string(),
  name: z.string(),
  artifact_location: z.string(),
  lifecycle_stage: z.enum(['active', 'deleted']),
  creation_time: z.int(),
  last_update_time: z.int(),
  tags: z.array(tag),
});

export const runInfo = z.object({
  run_id: z.string(),
  run_uuid: z.string(),
  run_name: z.string(),
  experiment_id: z.string(),
  user_id: z.string(),
  status: runStatus,
  start_time: z.int(),
  end_time: z.int().optional(),
  artifact_uri: z.string(),
  lifecycle_stage: z.enum(['active', 'deleted']),
});
export const run = z.object({
  info: runInfo,
  data: z.object({ metrics: z.array(metricOut), params: z.array(keyValue), tags: z.array(tag) }),
  inputs: z.object({ dataset_inputs: z.array(datasetInput) }),
  outputs: z.object({ model_outputs: z.array(z.object({ model_id: z.string(), step: z.int() })) }),
});

/** One level of a folder; `path` is relative to what was asked for. */
export const files = z.array(
  z.object({ path: z.string(), is_dir: z.boolean(), file_size: z.int().nonnegative().optional() }),
);
/** What answers nothing but that it is done. */
export const done = z.object({});

/** Before every path of the API's second version. */
export const MLFLOW = '/api/2.0/mlflow';
/** What the routes' own words are. */
export const dialect = 'mlflow';
export const write = 'runs:write';
export const read = 'runs:read';
export const pageToken = z.string().max(1024).optional();
export const byRun = z.object({ run_id: runId });
/** Refusals of what names an experiment, and of what names a run. */
export const ofExperiment = ['training.experiment_not_found'];
export const ofRun = ['training.run_not_found', 'training.run_deleted'];
