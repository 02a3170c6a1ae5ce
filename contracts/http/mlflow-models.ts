import { z } from 'zod';
import { defineRoute } from '../define-route.js';
import {
  MLFLOW,
  byRun,
  dialect,
  done,
  experimentId,
  int64,
  keyValue,
  ofRun,
  read,
  tag,
  write,
} from './mlflow-schemas.js';

const status = z.enum(['LOGGED_MODEL_PENDING', 'LOGGED_MODEL_READY', 'LOGGED_MODEL_UPLOAD_FAILED']);
const byModel = z.object({ modelId: z.string().min(1).max(128) });
const model = z.object({
  info: z.object({
    model_id: z.string(),
    experiment_id: z.string(),
    name: z.string(),
    creation_timestamp_ms: z.int(),
    last_updated_timestamp_ms: z.int(),
    artifact_uri: z.string(),
    status,
    model_type: z.string(),
    source_run_id: z.string(),
    tags: z.array(tag),
  }),
  data: z.object({ params: z.array(keyValue) }),
});
const ofModel = ['training.logged_model_not_found'];
const path = `${MLFLOW}/logged-models`;

/** MLflow's calls for models that runs log; the registry's models are others. */
export const mlflowModelRoutes = {
  mlflowCreateLoggedModel: defineRoute({
    operationId: 'mlflowCreateLoggedModel',
    method: 'POST',
    path,
    summary: 'MLflow: begin to log a model',
    permission: write,
    dialect,
    body: z.object({
      experiment_id: experimentId,
      name: z.string().max(500).default(''),
      model_type: z.string().max(500).default(''),
      source_run_id: z.string().max(128).default(''),
      params: z.array(keyValue).max(1_000).default([]),
      tags: z.array(tag).max(100).default([]),
    }),
    response: z.object({ model }),
    problems: ['training.experiment_not_found', 'training.experiment_deleted'],
  }),
  mlflowGetLoggedModel: defineRoute({
    operationId: 'mlflowGetLoggedModel',
    method: 'GET',
    path: `${path}/:modelId`,
    summary: 'MLflow: one logged model',
    permission: read,
    dialect,
    params: byModel,
    response: z.object({ model }),
    problems: ofModel,
  }),
  mlflowFinalizeLoggedModel: defineRoute({
    operationId: 'mlflowFinalizeLoggedModel',
    method: 'PATCH',
    path: `${path}/:modelId`,
    summary: 'MLflow: say whether a model was logged whole',
    permission: write,
    dialect,
    params: byModel,
    body: z.object({ status }),
    response: z.object({ model }),
    problems: ofModel,
  }),
  mlflowSetLoggedModelTags: defineRoute({
    operationId: 'mlflowSetLoggedModelTags',
    method: 'PATCH',
    path: `${path}/:modelId/tags`,
    summary: 'MLflow: set tags of a logged model',
    permission: write,
    dialect,
    params: byModel,
    body: z.object({ tags: z.array(tag).max(100).default([]) }),
    response: z.object({ model }),
    problems: ofModel,
  }),
  mlflowLogLoggedModelParams: defineRoute({
    operationId: 'mlflowLogLoggedModelParams',
    method: 'POST',
    path: `${path}/:modelId/params`,
    summary: 'MLflow: say params of a logged model',
    permission: write,
    dialect,
    params: byModel,
    body: z.object({ params: z.array(keyValue).max(1_000).default([]) }),
    response: done,
    problems: ofModel,
  }),
  mlflowLogOutputs: defineRoute({
    operationId: 'mlflowLogOutputs',
    method: 'POST',
    path: `${MLFLOW}/runs/outputs`,
    summary: 'MLflow: models that a run made',
    permission: write,
    dialect,
    body: byRun.extend({
      models: z
        .array(z.object({ model_id: z.string().min(1).max(128), step: int64.default(0) }))
        .max(1_000)
        .default([]),
    }),
    response: done,
    problems: ofRun,
  }),
} as const;
