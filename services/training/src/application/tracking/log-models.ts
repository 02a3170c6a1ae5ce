import { type Clock, type RequestContext, newId } from '@myriad/kernel';
import { UnitOfWork } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import type { KeyValue, LoggedModel, LoggedModelStatus } from '../../domain/tracking.js';
import { trainingProblem } from '../../domain/training-problem.js';
import { CLOCK } from '../ports.js';
import { LOGGED_MODEL_STORE, type LoggedModelStore } from './ports.js';
import { TrackExperiments } from './track-experiments.js';
import { experimentDeleted } from './tracking-problems.js';

export type NewLoggedModel = Pick<
  LoggedModel,
  'experimentId' | 'name' | 'modelType' | 'sourceRunId' | 'params' | 'tags'
>;

/** Models that runs log: what they are, and where their files lie. */
@Injectable()
export class LogModels {
  constructor(
    private readonly work: UnitOfWork,
    private readonly experiments: TrackExperiments,
    @Inject(LOGGED_MODEL_STORE) private readonly models: LoggedModelStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws {ProblemError} `training.experiment_not_found`, `training.experiment_deleted` */
  create(ctx: RequestContext, spec: NewLoggedModel): Promise<LoggedModel> {
    const modelId = newId('lgm', this.clock);
    const now = new Date(this.clock.nowMs());
    return this.work.run(ctx, async (tx) => {
      const { lifecycleStage, experimentId, artifactLocation } = await this.experiments.found(tx, spec.experimentId);
      if (lifecycleStage === 'deleted') throw experimentDeleted(experimentId);
      const model: LoggedModel = {
        ...spec,
        modelId,
        experimentId,
        name: spec.name || `model-${modelId.slice(-8)}`,
        status: 'LOGGED_MODEL_PENDING',
        artifactUri: `${artifactLocation}/models/${modelId}/artifacts`,
        createdAt: now,
        updatedAt: now,
      };
      await this.models.insert(tx, model);
      return model;
    });
  }

  /** @throws {ProblemError} `training.logged_model_not_found` */
  get(ctx: RequestContext, modelId: string): Promise<LoggedModel> {
    return this.change(ctx, modelId, undefined);
  }

  finalize(ctx: RequestContext, modelId: string, status: LoggedModelStatus): Promise<LoggedModel> {
    return this.change(ctx, modelId, () => ({ status }));
  }

  setTags(ctx: RequestContext, modelId: string, tags: readonly KeyValue[]): Promise<LoggedModel> {
    return this.change(ctx, modelId, (model) => ({ tags: merged(model.tags, tags) }));
  }

  addParams(ctx: RequestContext, modelId: string, params: readonly KeyValue[]): Promise<LoggedModel> {
    return this.change(ctx, modelId, (model) => ({ params: merged(model.params, params) }));
  }

  private change(
    ctx: RequestContext,
    modelId: string,
    change: ((model: LoggedModel) => Partial<LoggedModel>) | undefined,
  ): Promise<LoggedModel> {
    return this.work.run(ctx, async (tx) => {
      const model = await this.models.find(tx, modelId);
      if (model === undefined)
        throw trainingProblem('not-found', 'logged_model_not_found', `Logged model with ID '${modelId}' not found.`);
      if (change === undefined) return model;
      const changed = { ...model, ...change(model), updatedAt: new Date(this.clock.nowMs()) };
      await this.models.update(tx, changed);
      return changed;
    });
  }
}

/** The newest value of each key. */
function merged(old: readonly KeyValue[], more: readonly KeyValue[]): readonly KeyValue[] {
  return [...new Map([...old, ...more].map((pair) => [pair.key, pair])).values()];
}
