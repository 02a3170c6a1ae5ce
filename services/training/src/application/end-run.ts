import { runCompletedV1 } from '@myriad/contracts';
import type { Clock, Digest } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { type Run, runLifecycle } from '../domain/job.js';
import { CLOCK, RUN_STORE, type RunStore } from './ports.js';

export interface RunEnd {
  readonly outcome: 'succeeded' | 'inconclusive' | 'failed';
  /** Somebody stopped it: for others it failed, here it is `cancelled`. */
  readonly isCancelled?: boolean;
  readonly reason: string;
  readonly recipeDigest: Digest;
  readonly artifact?: { readonly digest: Digest; readonly sizeBytes: number } | null;
  readonly parityDigest?: Digest | null;
  readonly metrics?: Record<string, number>;
  readonly durationMs?: number;
}

/** Ends a run, once: what is told of an ended run again changes nothing. */
@Injectable()
export class EndRun {
  constructor(
    @Inject(RUN_STORE) private readonly runs: RunStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** False when the run had ended already. */
  async execute(tx: Tx, run: Run, end: RunEnd): Promise<boolean> {
    if (runLifecycle.isFinal(run.status)) return false;
    const now = new Date(this.clock.nowMs());
    const ended = {
      status: runLifecycle.move(run.status, end.isCancelled === true ? 'cancelled' : end.outcome),
      reason: end.reason,
      startedAt: run.startedAt ?? now,
      endedAt: now,
    };
    const { artifact = null, parityDigest = null, metrics = {}, durationMs = 0 } = end;
    const artifactDigest = artifact === null ? null : artifact.digest;
    await this.runs.update(tx, {
      ...run,
      ...ended,
      metrics: { ...run.metrics, ...metrics },
      artifactDigest,
      parityDigest,
      durationMs,
    });
    if (run.modelName !== null)
      await announceEnd(tx, { ...run, modelName: run.modelName }, { ...end, artifact, metrics, durationMs });
    return true;
  }
}

async function announceEnd(
  tx: Tx,
  run: Run & { readonly modelName: string },
  end: RunEnd & Required<Pick<RunEnd, 'artifact' | 'metrics' | 'durationMs'>>,
): Promise<void> {
  const { tenantId, runId, fleetRunId, application, modelName, parameters } = run;
  const { outcome, reason, metrics, durationMs, recipeDigest, artifact } = end;
  const data = {
    tenantId,
    runId,
    jobId: run.jobId ?? 'none',
    fleetRunId,
    application,
    modelName,
    outcome,
    reason,
    artifactDigest: artifact?.digest ?? null,
    sizeBytes: artifact?.sizeBytes ?? 0,
    parityDigest: end.parityDigest ?? null,
    metrics,
    datasetDigests: run.inputs.map((input) => input.digest),
    recipeDigest,
    parameters,
    durationMs,
  };
  await tx.emit(runCompletedV1, data, { tenantId });
}
