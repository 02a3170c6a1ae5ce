import type { Digest, Owned, Page, PageRequest } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import type { BatchJob, PinnedDataset, PinnedModel, Shard, StoredFile } from '../domain/batch-job.js';

/** How far a job is. */
export interface Progress {
  readonly shardsDone: number;
  readonly rows: number;
  readonly rowErrors: number;
}

/** When a job that was claimed before is due again. */
export interface ClaimLimits {
  /** A running one whose worker was not heard of since is taken for lost. */
  readonly staleBefore: Date;
  /** A queued one that broke off waits until its worker was last heard of before this. */
  readonly retryBefore: Date;
}

export interface BatchJobStore {
  insert(tx: Tx, job: BatchJob): Promise<void>;
  /** Writes state, tries, shards, output and errors. */
  update(tx: Tx, job: BatchJob): Promise<void>;
  /** Locks the row. */
  find(tx: Tx, batchJobId: string): Promise<Owned<BatchJob> | undefined>;
  list(tx: Tx, page: PageRequest): Promise<Page<Owned<BatchJob>>>;
  progress(tx: Tx, batchJobId: string): Promise<Progress>;
  requestCancel(tx: Tx, batchJobId: string): Promise<void>;
  /** Takes the oldest that is due, of any tenant; its attempt and its tries grow by one. */
  claim(tx: Tx, now: Date, due: ClaimLimits): Promise<Owned<BatchJob> | undefined>;
  /** Says that this attempt's worker lives; undefined when the job is not its any more. */
  heartbeat(tx: Tx, job: Owned<BatchJob>, now: Date): Promise<{ readonly isCancelRequested: boolean } | undefined>;
  /** False when the shard is recorded already: the answer to a commit may have been lost. */
  insertShard(tx: Tx, batchJobId: string, shard: Shard): Promise<boolean>;
  shards(tx: Tx, batchJobId: string): Promise<readonly Shard[]>;
  /** Jobs of any tenant that ended and whose parts are still stored. */
  findUnswept(tx: Tx, limit: number): Promise<readonly Owned<BatchJob>[]>;
  markSwept(tx: Tx, batchJobId: string): Promise<void>;
}

/** What other services told, kept for our own use. */
export interface ViewStore {
  savePlacement(
    tx: Tx,
    placement: {
      readonly environment: string;
      readonly generation: number;
      readonly isActive: boolean;
      readonly model: PinnedModel;
    },
  ): Promise<void>;
  findPlacement(tx: Tx, environment: string, modelName: string): Promise<PinnedModel | undefined>;
  saveDataset(tx: Tx, dataset: PinnedDataset & { readonly columns: readonly string[] }): Promise<void>;
  findDataset(
    tx: Tx,
    name: string,
    version: number | undefined,
  ): Promise<(PinnedDataset & { readonly columns: readonly string[] }) | undefined>;
}

/** A scored shard before it is recorded. */
export interface ScoredShard {
  readonly shard: Shard;
  /** Time spent running the model, microseconds. */
  readonly computeMicros: number;
  readonly startedAt: Date;
}

export interface ScoreOptions {
  /** The first shards, which were scored and recorded before. */
  readonly shardsDone: number;
  readonly signal: AbortSignal;
  /** Records a shard; the next begins when it has returned. */
  readonly keep: (scored: ScoredShard) => Promise<void>;
}

/** Reads, scores and writes files; never holds a whole one. */
export interface Scoring {
  countRows(job: Owned<BatchJob>): Promise<number>;
  /** Scores the shards that are left, in order. A shard's parts are the same objects whoever scores it. */
  score(job: Owned<BatchJob>, options: ScoreOptions): Promise<void>;
  /** Puts the parts together, in order: the output, and the file of bad rows when there are any. */
  assemble(
    job: Owned<BatchJob>,
    shards: readonly Shard[],
  ): Promise<{ readonly output: StoredFile; readonly errors: StoredFile | null }>;
  /** Deletes the parts of a job that ended. */
  sweep(job: Owned<BatchJob>, shards: readonly Shard[]): Promise<void>;
}

/** Which objects rows of this service name. */
export interface NamedObjects {
  /** Of these digests those that a row of the tenant names. */
  among(tx: Tx, digests: readonly Digest[]): Promise<Digest[]>;
}

export const BATCH_JOB_STORE = Symbol('BatchJobStore');
export const VIEW_STORE = Symbol('ViewStore');
export const SCORING = Symbol('Scoring');
export const OBJECT_STORE = Symbol('ObjectStore');
export const CLOCK = Symbol('Clock');
export const LOGGER = Symbol('Logger');
/** How many jobs run side by side. */
export const WORKERS = Symbol('Workers');
export const NAMED_OBJECTS = Symbol('NamedObjects');
