import { type Clock, type RequestContext, newId } from '@myriad/kernel';
import { type Tx, UnitOfWork } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import {
  type KeyValue,
  type LifecycleStage,
  type MlflowStatus,
  RUN_NAME_TAG,
  type TrackedRun,
  type TrackedRunInfo,
  statusOfMlflow,
} from '../../domain/tracking.js';
import { trainingProblem } from '../../domain/training-problem.js';
import { CLOCK } from '../ports.js';
import {
  type Found,
  RUN_DATA_STORE,
  type RunDataStore,
  type Search,
  TRACKED_RUN_STORE,
  type TrackedRunStore,
} from './ports.js';
import { TrackExperiments } from './track-experiments.js';
import { experimentDeleted, noRun, runDeleted, runOfJob } from './tracking-problems.js';

export interface NewRun {
  readonly experimentId: string;
  readonly userId: string;
  readonly runName: string;
  readonly startedAt: Date | undefined;
  readonly tags: readonly KeyValue[];
}

/** Runs as MLflow's clients know them. */
@Injectable()
export class TrackMlflowRuns {
  constructor(
    private readonly work: UnitOfWork,
    private readonly experiments: TrackExperiments,
    @Inject(TRACKED_RUN_STORE) private readonly runs: TrackedRunStore,
    @Inject(RUN_DATA_STORE) private readonly data: RunDataStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws {ProblemError} `training.experiment_not_found`, `training.experiment_deleted`, `training.run_name_ambiguous` */
  create(ctx: RequestContext, spec: NewRun): Promise<TrackedRun> {
    const runId = newId('run', this.clock);
    const runName = nameOf(spec, runId);
    const createdAt = new Date(this.clock.nowMs());
    const tags = [...spec.tags.filter(({ key }) => key !== RUN_NAME_TAG), { key: RUN_NAME_TAG, value: runName }];
    return this.work.run(ctx, async (tx) => {
      const experiment = await this.experiments.found(tx, spec.experimentId);
      if (experiment.lifecycleStage === 'deleted') throw experimentDeleted(spec.experimentId);
      const startedAt = spec.startedAt ?? createdAt;
      await this.runs.insert(tx, { runId, runName, experiment, userId: spec.userId, createdAt, startedAt });
      await this.data.setTags(tx, runId, tags);
      const info: TrackedRunInfo = {
        runId,
        runName,
        experimentId: experiment.experimentId,
        userId: spec.userId,
        status: 'running',
        startedAt,
        endedAt: null,
        artifactUri: `${experiment.artifactLocation}/${runId}/artifacts`,
        lifecycleStage: 'active',
        jobId: null,
      };
      return { info, metrics: [], params: [], tags, inputs: [], outputs: [] };
    });
  }

  get(ctx: RequestContext, runId: string): Promise<TrackedRun> {
    return this.work.run(ctx, async (tx) => {
      const [run] = await this.runs.dataOf(tx, [await this.found(tx, runId)]);
      return run as TrackedRun;
    });
  }

  /** @throws {ProblemError} `training.run_not_found`, `training.run_deleted`, `training.run_of_job` */
  update(
    ctx: RequestContext,
    runId: string,
    change: {
      readonly status: MlflowStatus | undefined;
      readonly endedAt: Date | undefined;
      readonly runName: string | undefined;
    },
  ): Promise<TrackedRunInfo> {
    const { status, endedAt, runName } = change;
    return this.work.run(ctx, async (tx) => {
      await this.writable(tx, runId);
      await this.runs.update(tx, runId, {
        ...(status === undefined ? {} : { status: statusOfMlflow(status) }),
        ...(endedAt === undefined ? {} : { endedAt }),
        ...(runName === undefined || runName === '' ? {} : { runName }),
      });
      if (runName !== undefined && runName !== '')
        await this.data.setTags(tx, runId, [{ key: RUN_NAME_TAG, value: runName }]);
      return this.found(tx, runId);
    });
  }

  moveTo(ctx: RequestContext, runId: string, stage: LifecycleStage): Promise<void> {
    return this.work.run(ctx, async (tx) => {
      if ((await this.found(tx, runId)).jobId !== null) throw runOfJob(runId);
      await this.runs.moveTo(tx, runId, stage);
    });
  }

  search(ctx: RequestContext, experimentIds: readonly string[], search: Search): Promise<Found<TrackedRun>> {
    return this.work.run(ctx, async (tx) => {
      const { items, nextPageToken } = await this.runs.search(tx, experimentIds, search);
      return { items: await this.runs.dataOf(tx, items), nextPageToken };
    });
  }

  /** @throws {ProblemError} `training.run_not_found` */
  async found(tx: Tx, runId: string): Promise<TrackedRunInfo> {
    const run = await this.runs.find(tx, runId);
    if (run === undefined) throw noRun(runId);
    return run;
  }

  /** A run that its client may log to. @throws {ProblemError} `training.run_not_found`, `training.run_deleted`, `training.run_of_job` */
  async writable(tx: Tx, runId: string): Promise<TrackedRunInfo> {
    const run = await this.taggable(tx, runId);
    if (run.jobId !== null) throw runOfJob(runId);
    return run;
  }

  /** @throws {ProblemError} `training.run_not_found`, `training.run_deleted` */
  async taggable(tx: Tx, runId: string): Promise<TrackedRunInfo> {
    const run = await this.found(tx, runId);
    if (run.lifecycleStage === 'deleted') throw runDeleted(runId);
    return run;
  }
}

function nameOf({ runName, tags }: NewRun, runId: string): string {
  const tagged = tags.find(({ key }) => key === RUN_NAME_TAG)?.value ?? '';
  if (runName !== '' && tagged !== '' && runName !== tagged)
    throw trainingProblem(
      'invalid',
      'run_name_ambiguous',
      `Both 'run_name' argument and '${RUN_NAME_TAG}' tag are specified, but with different values (run_name='${runName}', ${RUN_NAME_TAG}='${tagged}').`,
    );
  return runName || tagged || `run-${runId.slice(-8)}`;
}
