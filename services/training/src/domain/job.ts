import { type Digest, stateMachine } from '@myriad/kernel';

export type JobStatus = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';

/** A job whose worker is lost, or whose process broke off, is queued again. */
export const jobLifecycle = stateMachine<JobStatus>('training.job', 'queued', {
  queued: ['running', 'failed', 'cancelled'],
  running: ['queued', 'succeeded', 'failed', 'cancelled'],
  succeeded: [],
  failed: [],
  cancelled: [],
});

export interface Limits {
  readonly timeoutSeconds: number;
  readonly memoryBytes: number;
  readonly logBytes: number;
  readonly maxAttempts: number;
}

/** One process that trains one or many runs. */
export interface Job {
  readonly jobId: string;
  readonly fleetRunId: string | null;
  readonly status: JobStatus;
  readonly reason: string;
  readonly attempt: number;
  readonly limits: Limits;
  /** Where the source is: an object of the platform (a recipe) or of the job's own tenant. */
  readonly source: { readonly tenantId: string; readonly digest: Digest; readonly entryPoint: string };
  readonly parameters: Record<string, unknown>;
  readonly features: readonly { readonly name: string; readonly kind: string; readonly required: boolean }[];
  readonly label: string;
  readonly isCancelRequested: boolean;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
}

export type RunStatus = 'queued' | 'running' | 'succeeded' | 'inconclusive' | 'failed' | 'cancelled';

export const runLifecycle = stateMachine<RunStatus>('training.run', 'queued', {
  queued: ['running', 'succeeded', 'inconclusive', 'failed', 'cancelled'],
  running: ['queued', 'succeeded', 'inconclusive', 'failed', 'cancelled'],
  succeeded: [],
  inconclusive: [],
  failed: [],
  cancelled: [],
});

/** A dataset version that a run reads. */
export interface RunInput {
  readonly name: string;
  readonly version: number;
  readonly digest: Digest;
  readonly format: 'csv' | 'parquet';
}

/** One tenant's training: by a job, or tracked from outside. */
export interface Run {
  readonly runId: string;
  readonly tenantId: string;
  readonly jobId: string | null;
  readonly fleetRunId: string | null;
  readonly experiment: string | null;
  readonly application: string | null;
  readonly modelName: string | null;
  readonly status: RunStatus;
  readonly reason: string;
  readonly parameters: Record<string, unknown>;
  readonly inputs: readonly RunInput[];
  readonly metrics: Record<string, number>;
  readonly artifactDigest: Digest | null;
  /** The rows that its trainer recorded, for whoever checks the artifact. */
  readonly parityDigest: Digest | null;
  readonly durationMs: number | null;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
}

export type FleetRunStatus = 'queued' | 'running' | 'completed' | 'failed' | 'cancelled';

/** One application trained over many tenants. */
export interface FleetRun {
  readonly fleetRunId: string;
  readonly application: string;
  readonly datasetName: string;
  readonly recipe: string;
  readonly recipeVersion: number;
  readonly parameters: Record<string, unknown>;
  readonly status: FleetRunStatus;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly endedAt: Date | null;
}

export type RunCounts = Readonly<Record<'total' | RunStatus, number>>;

/** How a fleet run stands, by its runs. A cancelled one stays cancelled. */
export function fleetStatusOf(current: FleetRunStatus, counts: RunCounts): FleetRunStatus {
  if (current === 'cancelled') return current;
  const open = counts.queued + counts.running;
  if (open === 0) return counts.failed + counts.cancelled === counts.total ? 'failed' : 'completed';
  return open === counts.total && counts.running === 0 ? current : 'running';
}

/** Splits members into jobs of at most `size`, evenly, in order. */
export function packed<T>(members: readonly T[], size: number): readonly (readonly T[])[] {
  const jobs = Math.ceil(members.length / size);
  return Array.from({ length: jobs }, (_, at) =>
    members.slice(Math.round((at * members.length) / jobs), Math.round(((at + 1) * members.length) / jobs)),
  );
}
