import type { Clock, Owned, Page, PageRequest, RequestContext } from '@myriad/kernel';
import { UnitOfWork } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { type FleetRun, type Job, type Run, type RunCounts, jobLifecycle } from '../domain/job.js';
import { trainingProblem } from '../domain/training-problem.js';
import {
  CLOCK,
  FLEET_RUN_STORE,
  type FleetRunStore,
  JOB_EVENT_STORE,
  JOB_STORE,
  type JobEvent,
  type JobEventStore,
  type JobStore,
  RUN_STORE,
  type RunStore,
} from './ports.js';
import { announceFleetRun } from './settle-fleet-run.js';

export interface JobView {
  readonly job: Owned<Job>;
  readonly runs: readonly Run[];
}

export interface FleetRunView {
  readonly fleetRun: FleetRun;
  readonly counts: RunCounts;
  readonly runs: readonly Run[];
}

/** Jobs and fleet runs as they stand, and their cancellation. */
@Injectable()
export class ReadState {
  constructor(
    private readonly work: UnitOfWork,
    @Inject(JOB_STORE) private readonly jobs: JobStore,
    @Inject(RUN_STORE) private readonly runs: RunStore,
    @Inject(FLEET_RUN_STORE) private readonly fleetRuns: FleetRunStore,
    @Inject(JOB_EVENT_STORE) private readonly events: JobEventStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async listJobs(
    ctx: RequestContext,
    filter: PageRequest & { readonly status: Job['status'] | undefined },
  ): Promise<Page<JobView>> {
    const page = await this.work.run(ctx, (tx) => this.jobs.list(tx, filter));
    const views: JobView[] = [];
    for (const job of page.items) views.push(await this.withRuns(job));
    return { items: views, nextPageToken: page.nextPageToken };
  }

  /** @throws {ProblemError} `training.job_not_found`. */
  async getJob(ctx: RequestContext, jobId: string): Promise<JobView> {
    const job = await this.work.run(ctx, (tx) => this.jobs.find(tx, jobId));
    if (!job) throw trainingProblem('not-found', 'job_not_found', `${ctx.tenantId} has no job '${jobId}'`);
    return this.withRuns(job);
  }

  /** Asks the job to stop; what is done stays done. @throws {ProblemError} `training.job_not_found`. */
  async cancelJob(ctx: RequestContext, jobId: string): Promise<JobView> {
    await this.getJob(ctx, jobId);
    await this.work.run(ctx, (tx) => this.jobs.requestCancel(tx, jobId));
    return this.getJob(ctx, jobId);
  }

  async jobLogs(ctx: RequestContext, jobId: string, page: PageRequest): Promise<Page<JobEvent>> {
    await this.getJob(ctx, jobId);
    return this.work.run(ctx, (tx) => this.events.logs(tx, jobId, page));
  }

  /** What a job said after `sequence`, and whether it has ended. */
  async jobEvents(
    ctx: RequestContext,
    jobId: string,
    sequence: number,
  ): Promise<{ readonly events: readonly JobEvent[]; readonly isEnded: boolean }> {
    return this.work.run(ctx, async (tx) => {
      const job = await this.jobs.find(tx, jobId);
      const events = await this.events.after(tx, jobId, sequence, 500);
      return { events, isEnded: events.length === 0 && (job === undefined || jobLifecycle.isFinal(job.status)) };
    });
  }

  listFleetRuns(ctx: RequestContext, page: PageRequest): Promise<Page<Omit<FleetRunView, 'runs'>>> {
    return this.work.runAcrossTenants(`training: ${ctx.principal.id} lists fleet runs`, async (tx) => {
      const found = await this.fleetRuns.list(tx, page);
      const items: Omit<FleetRunView, 'runs'>[] = [];
      for (const fleetRun of found.items)
        items.push({ fleetRun, counts: await this.runs.countFleetRun(tx, fleetRun.fleetRunId) });
      return { items, nextPageToken: found.nextPageToken };
    });
  }

  /** @throws {ProblemError} `training.fleet_run_not_found`. */
  getFleetRun(ctx: RequestContext, fleetRunId: string): Promise<FleetRunView> {
    return this.work.runAcrossTenants(`training: ${ctx.principal.id} reads a fleet run`, async (tx) => {
      const fleetRun = await this.fleetRuns.find(tx, fleetRunId);
      if (!fleetRun) throw trainingProblem('not-found', 'fleet_run_not_found', `there is no fleet run '${fleetRunId}'`);
      return {
        fleetRun,
        counts: await this.runs.countFleetRun(tx, fleetRunId),
        runs: await this.runs.ofFleetRun(tx, fleetRunId),
      };
    });
  }

  /** Ends it, and asks every job of it to stop; what has ended already is left. @throws {ProblemError} `training.fleet_run_not_found`. */
  async cancelFleetRun(ctx: RequestContext, fleetRunId: string): Promise<FleetRunView> {
    await this.getFleetRun(ctx, fleetRunId);
    await this.work.runAcrossTenants(`training: ${ctx.principal.id} cancels a fleet run`, async (tx) => {
      const fleetRun = await this.fleetRuns.find(tx, fleetRunId);
      if (fleetRun?.status !== 'queued' && fleetRun?.status !== 'running') return;
      for (const job of await this.jobs.ofFleetRun(tx, fleetRunId)) await this.jobs.requestCancel(tx, job.jobId);
      const cancelled: FleetRun = { ...fleetRun, status: 'cancelled', endedAt: new Date(this.clock.nowMs()) };
      await this.fleetRuns.update(tx, cancelled);
      await announceFleetRun(tx, cancelled, await this.runs.countFleetRun(tx, fleetRunId));
    });
    return this.getFleetRun(ctx, fleetRunId);
  }

  private async withRuns(job: Owned<Job>): Promise<JobView> {
    return {
      job,
      runs: await this.work.runAcrossTenants('training: the runs of a job, over its tenants', (tx) =>
        this.runs.ofJob(tx, job.jobId),
      ),
    };
  }
}
