import type { Owned, Page, PageRequest } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import type { BatchJob, PinnedDataset, PinnedModel, Shard, StoredFile } from '../domain/batch-job.js';

/** How far a job is. */
export interface Progress {
  readonly shardsDone: number;
  readonly rows: number;
  readonly rowErrors: number;
}

export interface BatchJobStore {
  insert(tx: Tx, job: BatchJob): Promise<void>;
  /** Writes state, shards, output and errors. */
  update(tx: Tx, job: BatchJob): Promise<void>;
  /** Locks the row. */
  find(tx: Tx, batchJobId: string): Promise<Owned<BatchJob> | undefined>;
  list(tx: Tx, page: PageRequest): Promise<Page<Owned<BatchJob>>>;
  progress(tx: Tx, batchJobId: string): Promise<Progress>;
  requestCancel(tx: Tx, batchJobId: string): Promise<void>;
  /** Takes the oldest queued one, or one whose worker was not heard of since `staleBefore`, of any tenant; its attempt grows by one. */
  claim(tx: Tx, now: Date, staleBefore: Date): Promise<Owned<BatchJob> | undefined>;
  /** Says that this attempt's worker lives; undefined when the job is not its any more. */
  heartbeat(tx: Tx, job: Owned<BatchJob>, now: Date): Promise<{ readonly isCancelRequested: boolean } | undefined>;
  /** False when the shard was recorded before. */
  insertShard(tx: Tx, batchJobId: string, shard: Shard): Promise<boolean>;
  shards(tx: Tx, batchJobId: string): Promise<readonly Shard[]>;
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
}

/** Reads, scores and writes files; never holds a whole one. */
export interface Scoring {
  countRows(job: Owned<BatchJob>): Promise<number>;
  /** Scores the shards that are not done, in order, one after the other; the consumer records each before the next begins. */
  score(job: Owned<BatchJob>, done: ReadonlySet<number>, signal: AbortSignal): AsyncIterable<ScoredShard>;
  /** Puts the parts together, in order: the output, and the file of bad rows when there are any. */
  assemble(
    job: Owned<BatchJob>,
    shards: readonly Shard[],
  ): Promise<{ readonly output: StoredFile; readonly errors: StoredFile | null }>;
}

export const BATCH_JOB_STORE = Symbol('BatchJobStore');
export const VIEW_STORE = Symbol('ViewStore');
export const SCORING = Symbol('Scoring');
export const OBJECT_STORE = Symbol('ObjectStore');
export const CLOCK = Symbol('Clock');
export const LOGGER = Symbol('Logger');
