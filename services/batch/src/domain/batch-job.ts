import { type Datatype, type Digest, type Serving, stateMachine } from '@myriad/kernel';

export type BatchJobStatus = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';

/** A job whose worker is lost is taken over; one that broke off is queued again. */
export const batchJobLifecycle = stateMachine<BatchJobStatus>('batch.job', 'queued', {
  queued: ['running', 'cancelled'],
  running: ['queued', 'succeeded', 'failed', 'cancelled'],
  succeeded: [],
  failed: [],
  cancelled: [],
});

/** The reason of a cancelled job. */
export const CANCELLED = 'cancelled';

export interface TensorSpec {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: number[];
}

/** The version that an environment served when the job was made. */
export interface PinnedModel {
  readonly modelName: string;
  readonly version: number;
  readonly versionId: string;
  readonly application: string | null;
  readonly artifactDigest: Digest;
  readonly signature: { readonly inputs: TensorSpec[]; readonly outputs: TensorSpec[] };
  /** Whether many rows at once give bit for bit what they give one by one. */
  readonly batchInvariant: boolean;
  /** Not there for versions that were admitted before ways to serve were tried. */
  readonly serving?: Serving | null | undefined;
}

export interface PinnedDataset {
  readonly name: string;
  readonly version: number;
  readonly digest: Digest;
  readonly format: 'csv' | 'parquet';
}

export interface StoredFile {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** Scores every row of a dataset version with one model version. */
export interface BatchJob {
  readonly batchJobId: string;
  readonly environment: 'research' | 'applied-science' | 'engineering' | 'production';
  readonly model: PinnedModel;
  readonly dataset: PinnedDataset;
  readonly outputFormat: 'csv' | 'parquet';
  readonly shardRows: number;
  readonly status: BatchJobStatus;
  readonly reason: string;
  /** Grows with every claim: a worker of an older one records nothing any more. */
  readonly attempt: number;
  /** Claims since a shard was last recorded; a job that gets nowhere ends. */
  readonly tries: number;
  readonly isCancelRequested: boolean;
  /** null until the rows were counted. */
  readonly shards: number | null;
  readonly output: StoredFile | null;
  readonly errors: StoredFile | null;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly endedAt: Date | null;
}

/** A scored range of rows; equal rows give equal bytes, so scoring it again changes nothing. */
export interface Shard {
  readonly shard: number;
  readonly rows: number;
  readonly rowErrors: number;
  readonly outputDigest: Digest;
  /** null when every row was good. */
  readonly errorsDigest: Digest | null;
}

/** How many shards `rows` rows make; an empty file makes none. */
export function shardCount(rows: number, shardRows: number): number {
  return Math.ceil(rows / shardRows);
}

/** Names of the output's columns after `row`: the output's own where it has one value a row, else with an index. */
export function outputColumns(
  outputs: readonly TensorSpec[],
): readonly { readonly name: string; readonly datatype: TensorSpec['datatype'] }[] {
  return outputs.flatMap(({ name, datatype, shape }) => {
    const width = shape.slice(1).reduce((product, size) => product * Math.max(1, size), 1);
    return width === 1
      ? [{ name, datatype }]
      : Array.from({ length: width }, (_, at) => ({ name: `${name}_${at}`, datatype }));
  });
}
