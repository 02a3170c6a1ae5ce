import { type Clock, type Page, type PageRequest, type RequestContext, newId } from '@myriad/kernel';
import { type Tx, UnitOfWork } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { type Run, runLifecycle } from '../domain/job.js';
import { trainingProblem } from '../domain/training-problem.js';
import {
  CLOCK,
  EXPERIMENT_STORE,
  type ExperimentStore,
  type MetricPoint,
  RUN_STORE,
  type RunFilter,
  type RunStore,
} from './ports.js';

export interface Experiment {
  readonly experimentId: string;
  readonly name: string;
  readonly description: string;
  readonly createdAt: Date;
}

/** Experiments, and runs that happen elsewhere and are only tracked here. */
@Injectable()
export class TrackRuns {
  constructor(
    private readonly work: UnitOfWork,
    @Inject(EXPERIMENT_STORE) private readonly experiments: ExperimentStore,
    @Inject(RUN_STORE) private readonly runs: RunStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws {ProblemError} `training.experiment_exists`. */
  async createExperiment(
    ctx: RequestContext,
    spec: { readonly name: string; readonly description: string },
  ): Promise<Experiment> {
    const experiment: Experiment = {
      ...spec,
      experimentId: newId('exp', this.clock),
      createdAt: new Date(this.clock.nowMs()),
    };
    return this.work.run(ctx, async (tx) => {
      if (await this.experiments.insert(tx, experiment)) return experiment;
      throw trainingProblem(
        'conflict',
        'experiment_exists',
        `${ctx.tenantId} has an experiment '${spec.name}' already`,
      );
    });
  }

  listExperiments(ctx: RequestContext, page: PageRequest): Promise<Page<Experiment>> {
    return this.work.run(ctx, (tx) => this.experiments.list(tx, page));
  }

  /** @throws {ProblemError} `training.experiment_not_found`. */
  createRun(
    ctx: RequestContext,
    spec: {
      readonly experiment: string;
      readonly modelName: string | null;
      readonly parameters: Record<string, unknown>;
    },
  ): Promise<Run> {
    const now = new Date(this.clock.nowMs());
    return this.work.run(ctx, async (tx) => {
      if (!(await this.experiments.exists(tx, spec.experiment)))
        throw trainingProblem(
          'not-found',
          'experiment_not_found',
          `${ctx.tenantId} has no experiment '${spec.experiment}'`,
        );
      const run: Run = {
        ...spec,
        runId: newId('run', this.clock),
        tenantId: ctx.tenantId,
        jobId: null,
        fleetRunId: null,
        application: null,
        status: 'running',
        reason: '',
        inputs: [],
        metrics: {},
        artifactDigest: null,
        parityDigest: null,
        durationMs: null,
        createdAt: now,
        startedAt: now,
        endedAt: null,
      };
      await this.runs.insert(tx, [run]);
      return run;
    });
  }

  listRuns(ctx: RequestContext, filter: RunFilter): Promise<Page<Run>> {
    return this.work.run(ctx, (tx) => this.runs.list(tx, filter));
  }

  /** @throws {ProblemError} `training.run_not_found`. */
  getRun(ctx: RequestContext, runId: string): Promise<Run> {
    return this.work.run(ctx, (tx) => this.found(tx, ctx, runId));
  }

  /** @throws {ProblemError} `training.run_not_found`, `training.run_ended`. */
  logMetrics(ctx: RequestContext, runId: string, points: readonly MetricPoint[]): Promise<void> {
    return this.work.run(ctx, async (tx) => {
      const run = await this.tracked(tx, ctx, runId);
      await this.experiments.addMetrics(tx, run, points);
    });
  }

  listMetrics(
    ctx: RequestContext,
    runId: string,
    filter: PageRequest & { readonly name: string | undefined },
  ): Promise<Page<MetricPoint>> {
    return this.work.run(ctx, async (tx) => {
      await this.found(tx, ctx, runId);
      return this.experiments.metrics(tx, runId, filter);
    });
  }

  /** @throws {ProblemError} `training.run_not_found`, `training.run_ended`. */
  complete(
    ctx: RequestContext,
    runId: string,
    end: { readonly status: 'succeeded' | 'failed' | 'inconclusive' | 'cancelled'; readonly reason: string },
  ): Promise<Run> {
    return this.work.run(ctx, async (tx) => {
      const run = await this.tracked(tx, ctx, runId);
      const ended: Run = {
        ...run,
        status: runLifecycle.move(run.status, end.status),
        reason: end.reason,
        endedAt: new Date(this.clock.nowMs()),
      };
      await this.runs.update(tx, ended);
      return ended;
    });
  }

  private async tracked(tx: Tx, ctx: RequestContext, runId: string): Promise<Run> {
    const run = await this.found(tx, ctx, runId);
    if (run.jobId !== null || runLifecycle.isFinal(run.status))
      throw trainingProblem(
        'conflict',
        'run_ended',
        `run '${runId}' is ${run.jobId === null ? `'${run.status}'` : 'kept by its job'}; only an open run that is tracked from outside can be written to`,
      );
    return run;
  }

  private async found(tx: Tx, ctx: RequestContext, runId: string): Promise<Run> {
    const run = await this.runs.find(tx, runId);
    if (!run) throw trainingProblem('not-found', 'run_not_found', `${ctx.tenantId} has no run '${runId}'`);
    return run;
  }
}
