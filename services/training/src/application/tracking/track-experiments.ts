import { type Clock, type RequestContext, newId } from '@myriad/kernel';
import { type Tx, UnitOfWork } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import {
  DEFAULT_EXPERIMENT,
  type KeyValue,
  type LifecycleStage,
  type TrackedExperiment,
} from '../../domain/tracking.js';
import { CLOCK } from '../ports.js';
import { type Found, type Search, TRACKED_EXPERIMENT_STORE, type TrackedExperimentStore } from './ports.js';
import { experimentDeleted, experimentExists, noExperiment, noExperimentNamed, noTag } from './tracking-problems.js';

/** Experiments as MLflow's clients know them. */
@Injectable()
export class TrackExperiments {
  constructor(
    private readonly work: UnitOfWork,
    @Inject(TRACKED_EXPERIMENT_STORE) private readonly experiments: TrackedExperimentStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws {ProblemError} `training.experiment_exists` */
  create(
    ctx: RequestContext,
    spec: { readonly name: string; readonly artifactLocation: string | undefined; readonly tags: readonly KeyValue[] },
  ): Promise<string> {
    const experimentId = newId('exp', this.clock);
    const experiment = { ...this.made(experimentId, spec.name), tags: spec.tags };
    return this.work.run(ctx, async (tx) => {
      if (spec.name === DEFAULT_EXPERIMENT.name) await this.ensureDefault(tx);
      const { artifactLocation = experiment.artifactLocation } = spec;
      if (await this.experiments.insert(tx, { ...experiment, artifactLocation })) return experimentId;
      throw experimentExists(spec.name);
    });
  }

  get(ctx: RequestContext, experimentId: string): Promise<TrackedExperiment> {
    return this.work.run(ctx, (tx) => this.found(tx, experimentId));
  }

  getByName(ctx: RequestContext, name: string): Promise<TrackedExperiment> {
    return this.work.run(ctx, async (tx) => {
      const known = await this.experiments.findByName(tx, name);
      if (known) return known;
      if (name === DEFAULT_EXPERIMENT.name) return this.ensureDefault(tx);
      throw noExperimentNamed(name);
    });
  }

  search(ctx: RequestContext, search: Search): Promise<Found<TrackedExperiment>> {
    return this.work.run(ctx, async (tx) => {
      await this.ensureDefault(tx);
      return this.experiments.search(tx, search);
    });
  }

  moveTo(ctx: RequestContext, experimentId: string, stage: LifecycleStage): Promise<void> {
    return this.change(ctx, experimentId, (tx, now) => this.experiments.moveTo(tx, experimentId, stage, now));
  }

  rename(ctx: RequestContext, experimentId: string, name: string): Promise<void> {
    return this.change(ctx, experimentId, async (tx, now, { lifecycleStage }) => {
      if (lifecycleStage === 'deleted') throw experimentDeleted(experimentId);
      if (!(await this.experiments.rename(tx, experimentId, name, now))) throw experimentExists(name);
    });
  }

  setTag(ctx: RequestContext, experimentId: string, tag: KeyValue): Promise<void> {
    return this.change(ctx, experimentId, async (tx, now, { lifecycleStage }) => {
      if (lifecycleStage === 'deleted') throw experimentDeleted(experimentId);
      await this.experiments.setTag(tx, experimentId, tag, now);
    });
  }

  deleteTag(ctx: RequestContext, experimentId: string, key: string): Promise<void> {
    return this.change(ctx, experimentId, async (tx, now) => {
      if (!(await this.experiments.deleteTag(tx, experimentId, key, now)))
        throw noTag(key, `experiment with id ${experimentId}`);
    });
  }

  /** The experiment, in a transaction of whoever needs it. @throws {ProblemError} `training.experiment_not_found` */
  async found(tx: Tx, experimentId: string): Promise<TrackedExperiment> {
    const known = await this.experiments.find(tx, experimentId);
    if (known) return known;
    if (experimentId === DEFAULT_EXPERIMENT.experimentId) return this.ensureDefault(tx);
    throw noExperiment(experimentId);
  }

  private change(
    ctx: RequestContext,
    experimentId: string,
    apply: (tx: Tx, now: Date, experiment: TrackedExperiment) => Promise<void>,
  ): Promise<void> {
    return this.work.run(ctx, async (tx) => {
      await apply(tx, new Date(this.clock.nowMs()), await this.found(tx, experimentId));
    });
  }

  /** Made when somebody first asks; an experiment of that name that there is already serves as well. */
  private async ensureDefault(tx: Tx): Promise<TrackedExperiment> {
    const { experimentId, name } = DEFAULT_EXPERIMENT;
    const known = await this.experiments.findByName(tx, name);
    if (known) return known;
    const made = this.made(experimentId, name);
    await this.experiments.insert(tx, made);
    return (await this.experiments.find(tx, experimentId)) ?? made;
  }

  private made(experimentId: string, name: string): TrackedExperiment {
    const now = new Date(this.clock.nowMs());
    const artifactLocation = `mlflow-artifacts:/${experimentId}`;
    return { experimentId, name, artifactLocation, lifecycleStage: 'active', tags: [], createdAt: now, updatedAt: now };
  }
}
