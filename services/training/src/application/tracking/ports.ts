import type { Digest } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import type { RunStatus } from '../../domain/job.js';
import type {
  KeyValue,
  LifecycleStage,
  LoggedModel,
  TrackedExperiment,
  TrackedInput,
  TrackedOutput,
  TrackedPoint,
  TrackedRun,
  TrackedRunInfo,
  ViewType,
} from '../../domain/tracking.js';

/** What a list is asked for, in MLflow's grammar. */
export interface Search {
  readonly filter: string;
  readonly orderBy: readonly string[];
  readonly viewType: ViewType;
  readonly maxResults: number;
  readonly pageToken: string | undefined;
}

export interface Found<T> {
  readonly items: readonly T[];
  readonly nextPageToken: string | undefined;
}

export interface TrackedExperimentStore {
  /** False when the tenant has one of that name or id. */
  insert(tx: Tx, experiment: TrackedExperiment): Promise<boolean>;
  find(tx: Tx, experimentId: string): Promise<TrackedExperiment | undefined>;
  findByName(tx: Tx, name: string): Promise<TrackedExperiment | undefined>;
  /** @throws {ProblemError} `search.filter_invalid`, `search.order_invalid` */
  search(tx: Tx, search: Search): Promise<Found<TrackedExperiment>>;
  /** Moves it and its runs. */
  moveTo(tx: Tx, experimentId: string, stage: LifecycleStage, now: Date): Promise<void>;
  /** Renames it, for its runs too; false when the tenant has another of that name. */
  rename(tx: Tx, experimentId: string, name: string, now: Date): Promise<boolean>;
  setTag(tx: Tx, experimentId: string, tag: KeyValue, now: Date): Promise<void>;
  /** False when there is no such tag. */
  deleteTag(tx: Tx, experimentId: string, key: string, now: Date): Promise<boolean>;
}

export interface NewTrackedRun {
  readonly runId: string;
  readonly runName: string;
  readonly experiment: TrackedExperiment;
  readonly userId: string;
  readonly createdAt: Date;
  readonly startedAt: Date;
}

export interface TrackedRunStore {
  insert(tx: Tx, run: NewTrackedRun): Promise<void>;
  find(tx: Tx, runId: string): Promise<TrackedRunInfo | undefined>;
  /** With what was logged. */
  dataOf(tx: Tx, infos: readonly TrackedRunInfo[]): Promise<readonly TrackedRun[]>;
  /** @throws {ProblemError} `search.filter_invalid`, `search.order_invalid` */
  search(tx: Tx, experimentIds: readonly string[], search: Search): Promise<Found<TrackedRunInfo>>;
  update(
    tx: Tx,
    runId: string,
    change: { readonly status?: RunStatus; readonly endedAt?: Date | null; readonly runName?: string },
  ): Promise<void>;
  moveTo(tx: Tx, runId: string, stage: LifecycleStage): Promise<void>;
}

export interface RunDataStore {
  /** Keeps every point once, and the newest of each metric. */
  addPoints(tx: Tx, runId: string, points: readonly TrackedPoint[]): Promise<void>;
  /** Keeps those that are new; gives those that have another value already. */
  addParams(
    tx: Tx,
    runId: string,
    params: readonly KeyValue[],
  ): Promise<readonly { readonly key: string; readonly old: string; readonly sent: string }[]>;
  setTags(tx: Tx, runId: string, tags: readonly KeyValue[]): Promise<void>;
  deleteTag(tx: Tx, runId: string, key: string): Promise<boolean>;
  addInputs(tx: Tx, runId: string, inputs: readonly TrackedInput[]): Promise<void>;
  addOutputs(tx: Tx, runId: string, outputs: readonly TrackedOutput[]): Promise<void>;
  /** In order of step, time and value. */
  history(
    tx: Tx,
    runId: string,
    key: string,
    page: { readonly maxResults: number; readonly pageToken: string | undefined },
  ): Promise<Found<TrackedPoint>>;
}

export interface ArtifactEntry {
  /** Of the level that was asked for. */
  readonly name: string;
  /** null: a folder. */
  readonly sizeBytes: number | null;
}

/** Which object lies at a path of the tenant; paths have segments and no root. */
export interface ArtifactStore {
  put(tx: Tx, path: string, object: { readonly digest: Digest; readonly sizeBytes: number }, now: Date): Promise<void>;
  find(tx: Tx, path: string): Promise<{ readonly digest: Digest; readonly sizeBytes: number } | undefined>;
  /** One level below a folder, the whole tenant's for ''. */
  list(tx: Tx, folder: string): Promise<readonly ArtifactEntry[]>;
  /** Forgets a path and all below it; false when there was nothing. */
  delete(tx: Tx, path: string): Promise<boolean>;
}

export interface LoggedModelStore {
  insert(tx: Tx, model: LoggedModel): Promise<void>;
  /** Locks the row. */
  find(tx: Tx, modelId: string): Promise<LoggedModel | undefined>;
  update(tx: Tx, model: LoggedModel): Promise<void>;
}

export const LOGGED_MODEL_STORE = Symbol('LoggedModelStore');
export const TRACKED_EXPERIMENT_STORE = Symbol('TrackedExperimentStore');
export const TRACKED_RUN_STORE = Symbol('TrackedRunStore');
export const RUN_DATA_STORE = Symbol('RunDataStore');
export const ARTIFACT_STORE = Symbol('ArtifactStore');
