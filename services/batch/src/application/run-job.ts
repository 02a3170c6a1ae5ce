import { batchUsageMeteredV1 } from '@myriad/contracts';
import { type Clock, type Owned, ProblemError, type ProblemKind, systemContext } from '@myriad/kernel';
import { type Tx, UnitOfWork, waitOutOutage } from '@myriad/persistence';
import type { Logger } from '@myriad/telemetry';
import { Inject, Injectable } from '@nestjs/common';
import { type BatchJob, CANCELLED, batchJobLifecycle, shardCount } from '../domain/batch-job.js';
import { announceJob } from './announce.js';
import {
  BATCH_JOB_STORE,
  type BatchJobStore,
  CLOCK,
  LOGGER,
  SCORING,
  type ScoredShard,
  type Scoring,
} from './ports.js';
import { Stopped } from './stopped.js';

/** A worker that says nothing for this long is taken for dead, and its job goes on elsewhere. */
const STALE_MS = 10_000;
const HEARTBEAT_MS = 1_000;
/** A job that broke off waits this long before it goes on. */
const RETRY_MS = 2_000;
const MAX_TRIES = 3;
/** Refusals that the same job would meet again. */
const FINAL: ReadonlySet<ProblemKind> = new Set(['invalid', 'not-found', 'too-large', 'unprocessable', 'unsupported']);

/** Takes a queued job, scores its shards, records each once, and puts the parts together. */
@Injectable()
export class RunJob {
  constructor(
    private readonly work: UnitOfWork,
    @Inject(BATCH_JOB_STORE) private readonly jobs: BatchJobStore,
    @Inject(SCORING) private readonly scoring: Scoring,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Runs the next job to its end, or until `shutdown`; false when there is none. */
  async execute(shutdown: AbortSignal): Promise<boolean> {
    const now = this.clock.nowMs();
    const due = { staleBefore: new Date(now - STALE_MS), retryBefore: new Date(now - RETRY_MS) };
    const job = await this.work.runAcrossTenants('batch: claim the next job', (tx) =>
      this.jobs.claim(tx, new Date(now), due),
    );
    if (!job) return false;
    const stop = new AbortController();
    const beat = setInterval(() => {
      void this.heartbeat(job, stop);
    }, HEARTBEAT_MS);
    try {
      if (job.isCancelRequested) throw new Stopped('cancelled');
      if (job.tries > MAX_TRIES) throw new WorkersLost();
      if (job.attempt === 1) await this.tell(job);
      await this.score(job, AbortSignal.any([stop.signal, shutdown]));
    } catch (error) {
      await this.giveUp(job, error, shutdown);
    } finally {
      clearInterval(beat);
    }
    return true;
  }

  private async score(job: Owned<BatchJob>, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const shards = job.shards ?? shardCount(await this.scoring.countRows(job), job.shardRows);
    const { shardsDone } = await this.inTenant(job, async (tx) => {
      if (job.shards === null) await this.jobs.update(tx, { ...(await this.held(tx, job)), shards });
      return this.jobs.progress(tx, job.batchJobId);
    });
    if (shardsDone < shards)
      await this.scoring.score(job, { shardsDone, signal, keep: (scored) => this.record(job, scored, signal) });
    signal.throwIfAborted();
    const all = await this.inTenant(job, (tx) => this.jobs.shards(tx, job.batchJobId));
    if (all.length !== shards) throw new Error(`${all.length} of ${shards} shards were scored`);
    const files = await this.scoring.assemble(job, all);
    await this.throughOutage(job, signal, async (tx) => {
      await this.end(tx, { ...(await this.held(tx, job)), ...files }, 'succeeded', '');
    });
  }

  /** A shard and its usage, once: together, or not at all. */
  private async record(job: Owned<BatchJob>, scored: ScoredShard, signal: AbortSignal): Promise<void> {
    const { shard, computeMicros, startedAt } = scored;
    await this.throughOutage(job, signal, async (tx) => {
      const current = await this.held(tx, job);
      if (!(await this.jobs.insertShard(tx, job.batchJobId, shard))) return;
      await this.jobs.update(tx, { ...current, tries: 1 });
      const { modelName, version, versionId, application } = job.model;
      await tx.emit(batchUsageMeteredV1, {
        tenantId: job.tenantId,
        modelName,
        version,
        versionId,
        application,
        environment: job.environment,
        batchJobId: job.batchJobId,
        windowStart: startedAt.toISOString(),
        windowEnd: new Date().toISOString(),
        requests: 1,
        rows: shard.rows,
        errors: shard.rowErrors,
        computeMicros: Math.round(computeMicros),
      });
    });
  }

  private async tell(job: Owned<BatchJob>): Promise<void> {
    await this.inTenant(job, async (tx) => {
      await announceJob(tx, await this.held(tx, job), await this.jobs.progress(tx, job.batchJobId));
    });
  }

  /** The job, locked. @throws {Stopped} when it was cancelled or is another worker's now. */
  private async held(tx: Tx, job: Owned<BatchJob>): Promise<Owned<BatchJob>> {
    const current = await this.jobs.find(tx, job.batchJobId);
    if (current?.status !== 'running' || current.attempt !== job.attempt) throw new Stopped('lost');
    if (current.isCancelRequested) throw new Stopped('cancelled');
    return current;
  }

  private async end(
    tx: Tx,
    job: Owned<BatchJob>,
    status: 'succeeded' | 'failed' | 'cancelled',
    reason: string,
  ): Promise<void> {
    const endedAt = new Date(this.clock.nowMs());
    const ended = { ...job, status: batchJobLifecycle.move(job.status, status), reason, endedAt };
    await this.jobs.update(tx, ended);
    await announceJob(tx, ended, await this.jobs.progress(tx, job.batchJobId));
  }

  /** A refusal of the content, or too many tries, ends the job; else it is queued again, and what was recorded stays. */
  private async giveUp(job: Owned<BatchJob>, error: unknown, shutdown: AbortSignal): Promise<void> {
    const why = error instanceof Stopped ? error.why : undefined;
    if (why === 'lost') return;
    if (why === undefined)
      this.logger.warn({ err: error, batchJobId: job.batchJobId, tenantId: job.tenantId }, 'a batch job broke off');
    await this.throughOutage(job, shutdown, async (tx) => {
      const current = await this.jobs.find(tx, job.batchJobId);
      if (current?.status !== 'running' || current.attempt !== job.attempt) return;
      if (why === 'cancelled' || current.isCancelRequested) return this.end(tx, current, 'cancelled', CANCELLED);
      if (why === undefined && (isFinal(error) || current.tries >= MAX_TRIES))
        return this.end(tx, current, 'failed', reasonOf(error));
      const status = batchJobLifecycle.move(current.status, 'queued');
      const again = why === 'shutdown' ? { reason: '', tries: current.tries - 1 } : { reason: reasonOf(error) };
      return this.jobs.update(tx, { ...current, status, ...again });
    });
  }

  private async heartbeat(job: Owned<BatchJob>, stop: AbortController): Promise<void> {
    try {
      const state = await this.inTenant(job, (tx) => this.jobs.heartbeat(tx, job, new Date(this.clock.nowMs())));
      if (!state) stop.abort(new Stopped('lost'));
      else if (state.isCancelRequested) stop.abort(new Stopped('cancelled'));
    } catch (error) {
      this.logger.warn({ err: error, batchJobId: job.batchJobId }, 'a heartbeat was not written');
    }
  }

  /** {@link inTenant} for what came of long work: it is kept when the database is back, unless the signal aborts first. */
  private throughOutage(job: Owned<BatchJob>, signal: AbortSignal, fn: (tx: Tx) => Promise<void>): Promise<void> {
    return waitOutOutage(() => this.inTenant(job, fn), { signal });
  }

  private inTenant<T>(job: Owned<BatchJob>, fn: (tx: Tx) => Promise<T>): Promise<T> {
    return this.work.run(systemContext('batch', job.tenantId), fn);
  }
}

class WorkersLost extends Error {
  constructor() {
    super('its worker was lost each time');
  }
}

function isFinal(error: unknown): boolean {
  return error instanceof WorkersLost || (error instanceof ProblemError && FINAL.has(error.kind));
}

/** Words for the tenant: what was not foreseen may name what is ours, so it stays in the log. */
function reasonOf(error: unknown): string {
  if (error instanceof ProblemError || error instanceof WorkersLost) return error.message;
  return 'the worker met an unexpected fault';
}
