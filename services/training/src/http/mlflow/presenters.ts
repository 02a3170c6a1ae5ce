import type { RouteResponse, mlflowRoutes } from '@myriad/contracts';
import type { ArtifactEntry } from '../../application/tracking/ports.js';
import {
  type LoggedModel,
  type TrackedExperiment,
  type TrackedPoint,
  type TrackedRun,
  type TrackedRunInfo,
  mlflowStatusOf,
} from '../../domain/tracking.js';

type Answer<K extends keyof typeof mlflowRoutes> = RouteResponse<(typeof mlflowRoutes)[K]>;
type Experiment = Answer<'mlflowGetExperiment'>['experiment'];
type Run = Answer<'mlflowGetRun'>['run'];
type Metric = Run['data']['metrics'][number];

export function presentExperiment(experiment: TrackedExperiment): Experiment {
  return {
    experiment_id: experiment.experimentId,
    name: experiment.name,
    artifact_location: experiment.artifactLocation,
    lifecycle_stage: experiment.lifecycleStage,
    creation_time: experiment.createdAt.getTime(),
    last_update_time: experiment.updatedAt.getTime(),
    tags: [...experiment.tags],
  };
}

export function presentRunInfo(info: TrackedRunInfo): Run['info'] {
  return {
    run_id: info.runId,
    run_uuid: info.runId,
    run_name: info.runName,
    experiment_id: info.experimentId,
    user_id: info.userId,
    status: mlflowStatusOf(info.status),
    start_time: info.startedAt.getTime(),
    ...(info.endedAt === null ? {} : { end_time: info.endedAt.getTime() }),
    artifact_uri: info.artifactUri,
    lifecycle_stage: info.lifecycleStage,
  };
}

export function presentRun({ info, metrics, params, tags, inputs, outputs }: TrackedRun): Run {
  return {
    info: presentRunInfo(info),
    data: { metrics: metrics.map(presentMetric), params: [...params], tags: [...tags] },
    inputs: { dataset_inputs: inputs.map((input) => ({ tags: [...input.tags], dataset: { ...input.dataset } })) },
    outputs: { model_outputs: outputs.map(({ modelId, step }) => ({ model_id: modelId, step })) },
  };
}

export function presentModel(model: LoggedModel): Answer<'mlflowGetLoggedModel'>['model'] {
  return {
    info: {
      model_id: model.modelId,
      experiment_id: model.experimentId,
      name: model.name,
      creation_timestamp_ms: model.createdAt.getTime(),
      last_updated_timestamp_ms: model.updatedAt.getTime(),
      artifact_uri: model.artifactUri,
      status: model.status,
      model_type: model.modelType,
      source_run_id: model.sourceRunId,
      tags: [...model.tags],
    },
    data: { params: [...model.params] },
  };
}

/** What is no number has a word for it: JSON has none. */
export function presentMetric({ key, value, timestamp, step }: TrackedPoint): Metric {
  const shown = Number.isFinite(value) ? value : (String(value) as 'NaN' | 'Infinity' | '-Infinity');
  return { key, value: shown, timestamp, step };
}

/** `folder` is put before each name where the client expects it. */
export function presentFiles(entries: readonly ArtifactEntry[], folder = ''): Answer<'mlflowListArtifacts'>['files'] {
  const prefix = folder === '' ? '' : `${folder}/`;
  return entries.map(({ name, sizeBytes }) => ({
    path: `${prefix}${name}`,
    is_dir: sizeBytes === null,
    ...(sizeBytes === null ? {} : { file_size: sizeBytes }),
  }));
}

/** A page in MLflow's words: without a token there is no more. */
export function pageToken(nextPageToken: string | undefined): { readonly next_page_token?: string } {
  return nextPageToken === undefined ? {} : { next_page_token: nextPageToken };
}
