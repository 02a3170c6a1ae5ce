import type { RunStatus } from './job.js';

/** What is deleted stays until somebody restores it. */
export type LifecycleStage = 'active' | 'deleted';
export type ViewType = 'ACTIVE_ONLY' | 'DELETED_ONLY' | 'ALL';
/** How runs stand in MLflow's words. */
export type MlflowStatus = 'RUNNING' | 'SCHEDULED' | 'FINISHED' | 'FAILED' | 'KILLED';

export interface KeyValue {
  readonly key: string;
  readonly value: string;
}

export interface TrackedExperiment {
  readonly experimentId: string;
  readonly name: string;
  /** A URI below which the artifacts of its runs lie. */
  readonly artifactLocation: string;
  readonly lifecycleStage: LifecycleStage;
  readonly tags: readonly KeyValue[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface TrackedRunInfo {
  readonly runId: string;
  readonly runName: string;
  readonly experimentId: string;
  readonly userId: string;
  readonly status: RunStatus;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
  readonly artifactUri: string;
  readonly lifecycleStage: LifecycleStage;
  /** The job whose run it is; its outcome is the job's to say. */
  readonly jobId: string | null;
}

/** One value of a metric: `value` may be NaN or infinite. */
export interface TrackedPoint {
  readonly key: string;
  readonly value: number;
  /** Unix milliseconds. */
  readonly timestamp: number;
  readonly step: number;
}

/** A dataset that a run reads, as its client describes it. */
export interface TrackedInput {
  readonly tags: readonly KeyValue[];
  readonly dataset: {
    readonly name: string;
    readonly digest: string;
    readonly source_type: string;
    readonly source: string;
    readonly schema?: string | undefined;
    readonly profile?: string | undefined;
  };
}

/** A model that a run made, and at which step. */
export interface TrackedOutput {
  readonly modelId: string;
  readonly step: number;
}

export const LOGGED_MODEL_STATUSES = [
  'LOGGED_MODEL_PENDING',
  'LOGGED_MODEL_READY',
  'LOGGED_MODEL_UPLOAD_FAILED',
] as const;
export type LoggedModelStatus = (typeof LOGGED_MODEL_STATUSES)[number];

/** A model as its run logged it, before anybody registers it. */
export interface LoggedModel {
  readonly modelId: string;
  readonly experimentId: string;
  readonly name: string;
  readonly modelType: string;
  /** '' for one of no run. */
  readonly sourceRunId: string;
  readonly status: LoggedModelStatus;
  readonly artifactUri: string;
  readonly params: readonly KeyValue[];
  readonly tags: readonly KeyValue[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface TrackedRun {
  readonly info: TrackedRunInfo;
  /** The newest of each. */
  readonly metrics: readonly TrackedPoint[];
  readonly params: readonly KeyValue[];
  readonly tags: readonly KeyValue[];
  readonly inputs: readonly TrackedInput[];
  readonly outputs: readonly TrackedOutput[];
}

/** Every tenant has this one: clients that name none track there. */
export const DEFAULT_EXPERIMENT = { experimentId: '0', name: 'Default' } as const;
/** The tag that says a run's name once more. */
export const RUN_NAME_TAG = 'mlflow.runName';

const TO_MLFLOW: Readonly<Record<RunStatus, MlflowStatus>> = {
  queued: 'SCHEDULED',
  running: 'RUNNING',
  succeeded: 'FINISHED',
  inconclusive: 'FINISHED',
  failed: 'FAILED',
  cancelled: 'KILLED',
};
const FROM_MLFLOW: Readonly<Record<MlflowStatus, RunStatus>> = {
  SCHEDULED: 'queued',
  RUNNING: 'running',
  FINISHED: 'succeeded',
  FAILED: 'failed',
  KILLED: 'cancelled',
};

export function mlflowStatusOf(status: RunStatus): MlflowStatus {
  return TO_MLFLOW[status];
}

export function statusOfMlflow(status: MlflowStatus): RunStatus {
  return FROM_MLFLOW[status];
}

const MAX_PATH = 1024;

/** Whether a path of an artifact is plain: segments that are names, nothing that leads elsewhere. */
export function isPlainPath(path: string): boolean {
  if (path.length > MAX_PATH || path.includes('\\') || /\p{Cc}/u.test(path)) return false;
  return path.split('/').every((segment) => !['', '.', '..'].includes(segment));
}
