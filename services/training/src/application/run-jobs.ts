import { type Clock, type Owned, tenantId as asTenantId } from '@myriad/kernel';
import { type Tx, UnitOfWork, isOutage, waitOutOutage } from '@myriad/persistence';
import type { Logger } from '@myriad/telemetry';
import { Inject, Injectable } from '@nestjs/common';
import { type Job, type JobStatus, type Run, jobLifecycle, runLifecycle } from '../domain/job.js';
import { EndRun } from './end-run.js';
import {
  CLOCK,
  EXPERIMENT_STORE,
  type ExperimentStore,
  FLEET_RUN_STORE,
  type FleetRunStore,
  JOB_EVENT_STORE,
  JOB_RUNNER,
  JOB_STORE,
  type JobEvent,
  type JobEventStore,
  type JobRunner,
  type JobStore,
  LOGGER,
  RUN_STORE,
  type RunStore,
  type RunnerExit,
  type RunnerMessage,
} from './ports.js';
import { announceJob } from './submit-job.js';
import { settleFleetRun } from './settle-fleet-run.js';

/** A worker that says nothing for this long is taken for dead, and its job runs again. */
const STALE_MS = 10_000;
const HEARTBEAT_MS = 1_000;
/** Workers that a job may lose on top of its own attempts, before it is taken to be what ends them. */
const MAX_LOST = 3;

type Stop = 'cancelled' | 'lost';

interface Ending {
  /** Why we ended it, if we did. */
  readonly stopped: Stop | undefined;
  readonly shutdown: AbortSignal;
}

/** Takes a queued job, runs it, and records what it says as it says it. */
@Injectable()
export class RunJobs {
  constructor(
    private readonly work: UnitOfWork,
    private readonly endRun: EndRun,
    @Inject(JOB_STORE) private readonly jobs: JobStore,
    @Inject(RUN_STORE) private readonly runs: RunStore,
    @Inject(FLEET_RUN_STORE) private readonly fleetRuns: FleetRunStore,
    @Inject(JOB_EVENT_STORE) private readonly events: JobEventStore,
    @Inject(EXPERIMENT_STORE) private readonly experiments: ExperimentStore,
    @Inject(JOB_RUNNER) private readonly runner: JobRunner,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Claims the next job; undefined when there is none. The job runs until the returned promise's `done` settles. */
  async next(signal: AbortSignal): Promise<{ readonly jobId: string; readonly done: Promise<void> } | undefined> {
    const now = new Date(this.clock.nowMs());
    const job = await this.across('claim the next job', async (tx) => {
      const claimed = await this.jobs.claim(tx, now, new Date(now.getTime() - STALE_MS));
      if (!claimed) return undefined;
      await this.runs.moveOpen(tx, claimed.jobId, 'running', now);
      await this.say(tx, claimed, {
        kind: 'status',
        taskId: null,
        data: { status: 'running', attempt: claimed.attempt },
      });
      await announceJob(tx, claimed, null);
      if (claimed.fleetRunId !== null) await this.settleFleet(tx, claimed.fleetRunId);
      return claimed;
    });
    return job && { jobId: job.jobId, done: this.execute(job, signal) };
  }

  private async execute(job: Owned<Job>, shutdown: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const beat = setInterval(() => {
      void this.heartbeat(job, stop);
    }, HEARTBEAT_MS);
    try {
      const open = await this.across('the runs of a job', async (tx) =>
        (await this.runs.ofJob(tx, job.jobId)).filter((run) => !runLifecycle.isFinal(run.status)),
      );
      const tasks = open.map((run) => ({
        taskId: run.runId,
        tenantId: asTenantId(run.tenantId),
        modelName: run.modelName ?? '',
        inputs: run.inputs,
      }));
      const signal = AbortSignal.any([stop.signal, shutdown, AbortSignal.timeout(job.limits.timeoutSeconds * 1000)]);
      const exit =
        notRun(job) ?? (await this.runner.run({ job, tasks }, (message) => this.record(job, message, signal), signal));
      const stopped = (stop.signal.reason as Stop | undefined) ?? (shutdown.aborted ? 'lost' : undefined);
      await this.settle(job, exit, { stopped, shutdown });
    } catch (error) {
      this.logger.error(
        { err: error, jobId: job.jobId, tenantId: job.tenantId },
        'a job could not be run; it is run again when its lease is over, while it may',
      );
      // a database that was away is no fault of the job
      if (job.attempt >= job.limits.maxAttempts && !isOutage(error)) await this.giveUp(job, error, shutdown);
    } finally {
      clearInterval(beat);
    }
  }

  private async giveUp(job: Owned<Job>, error: unknown, shutdown: AbortSignal): Promise<void> {
    const reason = `it could not be run: ${error instanceof Error ? error.message : String(error)}`;
    const exit = { isComplete: false, reason, cpuMillis: null };
    await this.settle(job, exit, { stopped: undefined, shutdown }).catch((cause: unknown) => {
      this.logger.error({ err: cause, jobId: job.jobId, tenantId: job.tenantId }, 'the end of a job was not written');
    });
  }

  private async heartbeat(job: Owned<Job>, stop: AbortController): Promise<void> {
    try {
      const state = await this.across('a job is alive', (tx) =>
        this.jobs.heartbeat(tx, job, new Date(this.clock.nowMs())),
      );
      if (!state) stop.abort('lost' satisfies Stop);
      else if (state.isCancelRequested) stop.abort('cancelled' satisfies Stop);
    } catch (error) {
      this.logger.warn({ err: error, jobId: job.jobId }, 'a heartbeat was not written');
    }
  }

  private async record(job: Owned<Job>, message: RunnerMessage, signal: AbortSignal): Promise<void> {
    await this.throughOutage('what a job says', signal, async (tx) => {
      if (message.t === 'log') {
        await this.say(tx, job, {
          kind: 'log',
          taskId: message.taskId,
          data: { level: message.level, message: message.message },
        });
        return;
      }
      const run = await this.runs.find(tx, message.taskId);
      if (run?.jobId !== job.jobId) return;
      if (message.t === 'metric') await this.recordMetric(tx, job, run, message);
      else await this.recordEnd(tx, job, run, message);
    });
  }

  private async recordMetric(
    tx: Tx,
    job: Owned<Job>,
    run: Run,
    message: Extract<RunnerMessage, { t: 'metric' }>,
  ): Promise<void> {
    const { name, value, step } = message;
    await this.experiments.addMetrics(tx, run, [{ name, value, step, timestampMs: this.clock.nowMs() }]);
    await this.runs.update(tx, { ...run, metrics: { ...run.metrics, [name]: value } });
    await this.say(tx, job, { kind: 'metric', taskId: run.runId, data: { name, value, step, tenantId: run.tenantId } });
  }

  private async recordEnd(
    tx: Tx,
    job: Owned<Job>,
    run: Run,
    message: Extract<RunnerMessage, { t: 'task' }>,
  ): Promise<void> {
    const isNew = await this.endRun.execute(tx, run, { ...message, recipeDigest: job.source.digest });
    if (!isNew) return;
    const { outcome, reason, durationMs } = message;
    await this.say(tx, job, {
      kind: 'run',
      taskId: run.runId,
      data: { runId: run.runId, tenantId: run.tenantId, status: outcome, reason, durationMs },
    });
    if (job.fleetRunId !== null) await this.settleFleet(tx, job.fleetRunId);
  }

  /** Ends the job, or puts it back for another attempt. */
  private async settle(job: Owned<Job>, exit: RunnerExit, { stopped, shutdown }: Ending): Promise<void> {
    await this.throughOutage('a job has ended', shutdown, async (tx) => {
      const current = await this.jobs.find(tx, job.jobId);
      if (current?.status !== 'running' || current.attempt !== job.attempt) return;
      const open = (await this.runs.ofJob(tx, job.jobId)).filter((run) => !runLifecycle.isFinal(run.status));
      const status = nextStatus(job, exit, {
        stop: stopped,
        isCancelled: stopped === 'cancelled' || current.isCancelRequested,
        openRuns: open.length,
      });
      const now = new Date(this.clock.nowMs());
      const reason = exit.reason === '' ? `the process gave no result for ${open.length} of its tasks` : exit.reason;
      if (status === 'queued') await this.runs.moveOpen(tx, job.jobId, 'queued', now);
      else
        for (const run of open)
          await this.endOpen(
            tx,
            job,
            run,
            status === 'cancelled' ? { status, reason: 'cancelled' } : { status: 'failed', reason },
          );
      const settled: Owned<Job> = {
        ...current,
        status: jobLifecycle.move(current.status, status),
        reason: status === 'succeeded' ? '' : reason,
        endedAt: status === 'queued' ? null : now,
      };
      await this.jobs.update(tx, settled);
      await this.say(tx, job, { kind: 'status', taskId: null, data: { status, reason: settled.reason } });
      await announceJob(tx, settled, exit.cpuMillis);
      if (job.fleetRunId !== null) await this.settleFleet(tx, job.fleetRunId);
    });
  }

  private async endOpen(
    tx: Tx,
    job: Owned<Job>,
    run: Run,
    { status, reason }: { readonly status: 'failed' | 'cancelled'; readonly reason: string },
  ): Promise<void> {
    const recipeDigest = job.source.digest;
    await this.endRun.execute(tx, run, {
      outcome: 'failed',
      isCancelled: status === 'cancelled',
      reason,
      recipeDigest,
    });
    await this.say(tx, job, {
      kind: 'run',
      taskId: run.runId,
      data: { runId: run.runId, tenantId: run.tenantId, status, reason, durationMs: 0 },
    });
  }

  private async settleFleet(tx: Tx, fleetRunId: string): Promise<void> {
    const fleetRun = await this.fleetRuns.find(tx, fleetRunId);
    if (fleetRun)
      await settleFleetRun(tx, fleetRun, await this.runs.countFleetRun(tx, fleetRunId), {
        fleetRuns: this.fleetRuns,
        now: new Date(this.clock.nowMs()),
      });
  }

  private say(tx: Tx, job: Owned<Job>, event: Omit<JobEvent, 'sequence' | 'at'>): Promise<void> {
    return this.events.append(tx, job, [{ ...event, at: new Date(this.clock.nowMs()) }]);
  }

  /** {@link across} for what came of long work: it is kept when the database is back, unless the signal aborts first. */
  private throughOutage(what: string, signal: AbortSignal, fn: (tx: Tx) => Promise<void>): Promise<void> {
    return waitOutOutage(() => this.across(what, fn), { signal });
  }

  private across<T>(what: string, fn: (tx: Tx) => Promise<T>): Promise<T> {
    return this.work.runAcrossTenants(`training: ${what}`, fn);
  }
}

/** Why a job that was claimed is not even started; undefined when it is. */
function notRun(job: Job): RunnerExit | undefined {
  if (job.isCancelRequested) return { isComplete: false, reason: 'cancelled', cpuMillis: null };
  if (job.attempt <= job.limits.maxAttempts + MAX_LOST) return undefined;
  return { isComplete: false, reason: `its worker was lost ${job.attempt - 1} times`, cpuMillis: null };
}

/** A job that got through is done; one that was stopped by us goes on elsewhere; one that broke off is tried again while it may. */
function nextStatus(
  job: Job,
  exit: RunnerExit,
  how: { readonly stop: Stop | undefined; readonly isCancelled: boolean; readonly openRuns: number },
): Exclude<JobStatus, 'running'> {
  if (exit.isComplete && how.openRuns === 0) return 'succeeded';
  if (how.isCancelled) return 'cancelled';
  if (how.stop === 'lost') return 'queued';
  return job.attempt < job.limits.maxAttempts ? 'queued' : 'failed';
}
