import { batchUsageMeteredV1 } from '@myriad/contracts';
import { type Clock, type Owned, ProblemError, systemContext } from '@myriad/kernel';
import { type Tx, UnitOfWork } from '@myriad/persistence';
import type { Logger } from '@myriad/telemetry';
import { Inject, Injectable } from '@nestjs/common';
import { type BatchJob, batchJobLifecycle, shardCount } from '../domain/batch-job.js';
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

/** A worker that says nothing for this long is taken for dead, and its job goes on elsewhere. */
const STALE_MS = 10_000;
const HEARTBEAT_MS = 1_000;
const MAX_ATTEMPTS = 3;

type Stop = 'cancelled' | 'lost';

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
    const now = new Date(this.clock.nowMs());
    const job = await this.work.runAcrossTenants('batch: claim the next job', (tx) =>
      this.jobs.claim(tx, now, new Date(now.getTime() - STALE_MS)),
    );
    if (!job) return false;
    const stop = new AbortController();
    const beat = setInterval(() => {
      void this.heartbeat(job, stop);
    }, HEARTBEAT_MS);
    const signal = AbortSignal.any([stop.signal, shutdown]);
    try {
      if (job.isCancelRequested) stop.abort('cancelled' satisfies Stop);
      await this.tell(job);
      await this.score(job, signal);
    } catch (error) {
      await this.giveUp(
        job,
        error,
        (stop.signal.reason as Stop | undefined) ?? (shutdown.aborted ? 'lost' : undefined),
      );
    } finally {
      clearInterval(beat);
    }
    return true;
  }

  private async score(job: Owned<BatchJob>, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const shards = job.shards ?? shardCount(await this.scoring.countRows(job), job.shardRows);
    const known = await this.inTenant(job, async (tx) => {
      if (job.shards === null) await this.save(tx, job, { shards });
      return this.jobs.shards(tx, job.batchJobId);
    });
    const done = new Set(known.map(({ shard }) => shard));
    if (done.size < shards)
      for await (const scored of this.scoring.score(job, done, signal)) await this.record(job, scored);
    signal.throwIfAborted();
    const all = await this.inTenant(job, (tx) => this.jobs.shards(tx, job.batchJobId));
    if (all.length !== shards) throw new Error(`${all.length} of ${shards} shards were scored`);
    const files = await this.scoring.assemble(job, all);
    await this.inTenant(job, (tx) =>
      this.save(tx, job, {
        ...files,
        shards,
        status: batchJobLifecycle.move('running', 'succeeded'),
        reason: '',
        endedAt: new Date(this.clock.nowMs()),
      }),
    );
  }

  /** A shard and its usage, once: together, or not at all. */
  private async record(job: Owned<BatchJob>, { shard, computeMicros }: ScoredShard): Promise<void> {
    const at = new Date(this.clock.nowMs()).toISOString();
    await this.inTenant(job, async (tx) => {
      if (!(await this.jobs.insertShard(tx, job.batchJobId, shard))) return;
      const { modelName, version, versionId, application } = job.model;
      await tx.emit(batchUsageMeteredV1, {
        tenantId: job.tenantId,
        modelName,
        version,
        versionId,
        application,
        environment: job.environment,
        batchJobId: job.batchJobId,
        windowStart: at,
        windowEnd: at,
        requests: 1,
        rows: shard.rows,
        errors: shard.rowErrors,
        computeMicros: Math.round(computeMicros),
      });
    });
  }

  private async tell(job: Owned<BatchJob>): Promise<void> {
    await this.inTenant(job, async (tx) => {
      await announceJob(tx, job, await this.jobs.progress(tx, job.batchJobId));
    });
  }

  private async save(tx: Tx, job: Owned<BatchJob>, change: Partial<BatchJob>): Promise<void> {
    const current = await this.jobs.find(tx, job.batchJobId);
    if (current?.status !== 'running' || current.attempt !== job.attempt) return;
    const next: Owned<BatchJob> = { ...current, ...change };
    await this.jobs.update(tx, next);
    if (next.status !== current.status) await announceJob(tx, next, await this.jobs.progress(tx, job.batchJobId));
  }

  /** A refusal of the content, or too many attempts, ends the job; else it is queued again. */
  private async giveUp(job: Owned<BatchJob>, error: unknown, stop: Stop | undefined): Promise<void> {
    const reason = error instanceof Error ? error.message : String(error);
    const isRefusal = error instanceof ProblemError && !error.retryable;
    const isFailed = isRefusal || job.attempt >= MAX_ATTEMPTS;
    const status = stop === 'cancelled' ? 'cancelled' : stop === 'lost' || !isFailed ? 'queued' : 'failed';
    if (stop === undefined)
      this.logger.warn(
        { err: error, batchJobId: job.batchJobId, tenantId: job.tenantId, status },
        'a batch job broke off',
      );
    const endedAt = status === 'queued' ? null : new Date(this.clock.nowMs());
    await this.inTenant(job, (tx) =>
      this.save(tx, job, { status: batchJobLifecycle.move('running', status), reason: stop ?? reason, endedAt }),
    );
  }

  private async heartbeat(job: Owned<BatchJob>, stop: AbortController): Promise<void> {
    try {
      const state = await this.inTenant(job, (tx) => this.jobs.heartbeat(tx, job, new Date(this.clock.nowMs())));
      if (!state) stop.abort('lost' satisfies Stop);
      else if (state.isCancelRequested) stop.abort('cancelled' satisfies Stop);
    } catch (error) {
      this.logger.warn({ err: error, batchJobId: job.batchJobId }, 'a heartbeat was not written');
    }
  }

  private inTenant<T>(job: Owned<BatchJob>, fn: (tx: Tx) => Promise<T>): Promise<T> {
    return this.work.run(systemContext('batch', job.tenantId), fn);
  }
}
