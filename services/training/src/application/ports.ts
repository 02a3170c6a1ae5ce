import type { Digest, Owned, Page, PageRequest, TenantId } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import type { FleetRun, Job, Run, RunCounts, RunInput, RunStatus } from '../domain/job.js';
import type { Recipe } from '../domain/recipe.js';

/** Recipes belong to the platform. */
export interface RecipeStore {
  newest(tx: Tx, name: string): Promise<Recipe | undefined>;
  find(tx: Tx, name: string, version: number): Promise<Recipe | undefined>;
  insert(tx: Tx, recipe: Recipe): Promise<void>;
  list(tx: Tx, page: PageRequest): Promise<Page<Recipe>>;
}

export interface JobStore {
  insert(tx: Tx, job: Owned<Job>): Promise<void>;
  /** Locks the row. */
  find(tx: Tx, jobId: string): Promise<Owned<Job> | undefined>;
  list(tx: Tx, filter: PageRequest & { readonly status: Job['status'] | undefined }): Promise<Page<Owned<Job>>>;
  ofFleetRun(tx: Tx, fleetRunId: string): Promise<readonly Owned<Job>[]>;
  update(tx: Tx, job: Owned<Job>): Promise<void>;
  /** Takes the oldest queued one, or one whose worker was not heard of since `staleBefore`, of any tenant; its attempt grows by one. */
  claim(tx: Tx, now: Date, staleBefore: Date): Promise<Owned<Job> | undefined>;
  /** Says that this attempt's worker lives; undefined when the job is not its any more. */
  heartbeat(tx: Tx, job: Owned<Job>, now: Date): Promise<{ readonly isCancelRequested: boolean } | undefined>;
  requestCancel(tx: Tx, jobId: string): Promise<void>;
}

export interface RunFilter extends PageRequest {
  readonly experiment: string | undefined;
  readonly fleetRunId: string | undefined;
}

export interface RunStore {
  insert(tx: Tx, runs: readonly Run[]): Promise<void>;
  update(tx: Tx, run: Run): Promise<void>;
  /** Locks the row. */
  find(tx: Tx, runId: string): Promise<Run | undefined>;
  list(tx: Tx, filter: RunFilter): Promise<Page<Run>>;
  /** Of a job, over tenants where the transaction is. */
  ofJob(tx: Tx, jobId: string): Promise<readonly Run[]>;
  ofFleetRun(tx: Tx, fleetRunId: string): Promise<readonly Run[]>;
  countFleetRun(tx: Tx, fleetRunId: string): Promise<RunCounts>;
  /** Moves those of a job that have not ended from one state to another. */
  moveOpen(tx: Tx, jobId: string, status: Extract<RunStatus, 'queued' | 'running'>, now: Date): Promise<void>;
}

export interface FleetRunStore {
  insert(tx: Tx, fleetRun: FleetRun): Promise<void>;
  update(tx: Tx, fleetRun: FleetRun): Promise<void>;
  /** Locks the row. */
  find(tx: Tx, fleetRunId: string): Promise<FleetRun | undefined>;
  list(tx: Tx, page: PageRequest): Promise<Page<FleetRun>>;
}

/** One thing that a job said; `sequence` grows within the job. */
export interface JobEvent {
  readonly sequence: number;
  readonly at: Date;
  readonly kind: 'log' | 'metric' | 'run' | 'status';
  readonly taskId: string | null;
  readonly data: Record<string, unknown>;
}

export interface JobEventStore {
  append(
    tx: Tx,
    job: Pick<Owned<Job>, 'tenantId' | 'jobId'>,
    events: readonly Omit<JobEvent, 'sequence'>[],
  ): Promise<void>;
  after(tx: Tx, jobId: string, sequence: number, limit: number): Promise<readonly JobEvent[]>;
  logs(tx: Tx, jobId: string, page: PageRequest): Promise<Page<JobEvent>>;
}

export interface MetricPoint {
  readonly name: string;
  readonly value: number;
  readonly step: number;
  readonly timestampMs: number;
}

export interface ExperimentStore {
  insert(
    tx: Tx,
    experiment: {
      readonly experimentId: string;
      readonly name: string;
      readonly description: string;
      readonly createdAt: Date;
    },
  ): Promise<boolean>;
  exists(tx: Tx, name: string): Promise<boolean>;
  list(
    tx: Tx,
    page: PageRequest,
  ): Promise<
    Page<{
      readonly experimentId: string;
      readonly name: string;
      readonly description: string;
      readonly createdAt: Date;
    }>
  >;
  /** Adds points; a point of the same name, step and time replaces the one that is there. */
  addMetrics(tx: Tx, run: Pick<Run, 'tenantId' | 'runId'>, points: readonly MetricPoint[]): Promise<void>;
  metrics(
    tx: Tx,
    runId: string,
    filter: PageRequest & { readonly name: string | undefined },
  ): Promise<Page<MetricPoint>>;
}

export interface ApplicationView {
  readonly name: string;
  readonly features: readonly { readonly name: string; readonly kind: string; readonly required: boolean }[];
  readonly label: string;
  readonly recipe: string | null;
}

/** What other services told, kept for our own use. */
export interface ViewStore {
  saveDataset(tx: Tx, dataset: RunInput): Promise<void>;
  /** The given or the newest version. */
  findDataset(tx: Tx, tenantId: string, name: string, version: number | undefined): Promise<RunInput | undefined>;
  saveApplication(tx: Tx, application: ApplicationView): Promise<void>;
  findApplication(tx: Tx, name: string): Promise<ApplicationView | undefined>;
}

/** One task of a process. */
export interface RunnerTask {
  readonly taskId: string;
  readonly tenantId: TenantId;
  readonly modelName: string;
  readonly inputs: readonly RunInput[];
}

export interface RunnerRequest {
  readonly job: Owned<Job>;
  readonly tasks: readonly RunnerTask[];
}

/** What the process says while it runs. */
export type RunnerMessage =
  | { readonly t: 'log'; readonly level: string; readonly message: string; readonly taskId: string | null }
  | {
      readonly t: 'metric';
      readonly taskId: string;
      readonly name: string;
      readonly value: number;
      readonly step: number;
    }
  | {
      readonly t: 'task';
      readonly taskId: string;
      readonly outcome: 'succeeded' | 'inconclusive' | 'failed';
      readonly reason: string;
      readonly artifact: { readonly digest: Digest; readonly sizeBytes: number } | null;
      readonly parityDigest: Digest | null;
      readonly metrics: Record<string, number>;
      readonly durationMs: number;
    };

export interface RunnerExit {
  /** Whether it went through all tasks. */
  readonly isComplete: boolean;
  readonly reason: string;
  readonly cpuMillis: number | null;
}

/** Runs a job's tasks somewhere: a process of this machine, a pod. */
export interface JobRunner {
  /** Resolves when the process has ended and all it said was taken. Aborting the signal ends the process. */
  run(
    request: RunnerRequest,
    onMessage: (message: RunnerMessage) => Promise<void>,
    signal: AbortSignal,
  ): Promise<RunnerExit>;
}

/** Checks parameters against a recipe's JSON Schema. */
export interface ParameterCheck {
  /** @throws {ProblemError} `training.parameter_schema_invalid`. */
  assertSchema(schema: Record<string, unknown>): void;
  /** @throws {ProblemError} `training.parameters_invalid` with pointers. */
  assertValid(schema: Record<string, unknown>, parameters: Record<string, unknown>): void;
}

/** Which objects rows of this service name. */
export interface NamedObjects {
  /** Of these digests those that a row of the tenant names. */
  among(tx: Tx, digests: readonly Digest[]): Promise<Digest[]>;
}

export const RECIPE_STORE = Symbol('RecipeStore');
export const JOB_STORE = Symbol('JobStore');
export const RUN_STORE = Symbol('RunStore');
export const FLEET_RUN_STORE = Symbol('FleetRunStore');
export const JOB_EVENT_STORE = Symbol('JobEventStore');
export const EXPERIMENT_STORE = Symbol('ExperimentStore');
export const VIEW_STORE = Symbol('ViewStore');
export const JOB_RUNNER = Symbol('JobRunner');
export const PARAMETER_CHECK = Symbol('ParameterCheck');
export const OBJECT_STORE = Symbol('ObjectStore');
export const CLOCK = Symbol('Clock');
export const LOGGER = Symbol('Logger');
export const MAX_PARALLEL_JOBS = Symbol('MaxParallelJobs');
export const NAMED_OBJECTS = Symbol('NamedObjects');
