import type { RequestContext } from '@myriad/kernel';
import { type Tx, UnitOfWork } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import {
  type KeyValue,
  RUN_NAME_TAG,
  type TrackedInput,
  type TrackedOutput,
  type TrackedPoint,
} from '../../domain/tracking.js';
import { trainingProblem } from '../../domain/training-problem.js';
import { type Found, RUN_DATA_STORE, type RunDataStore, TRACKED_RUN_STORE, type TrackedRunStore } from './ports.js';
import { TrackMlflowRuns } from './track-mlflow-runs.js';
import { noTag } from './tracking-problems.js';

/** What one call logs; all of it is kept, or nothing. */
export interface Batch {
  readonly metrics: readonly TrackedPoint[];
  readonly params: readonly KeyValue[];
  readonly tags: readonly KeyValue[];
}

const MAX_ITEMS = 1_000;

/** Metrics, params, tags and inputs of runs. */
@Injectable()
export class LogRunData {
  constructor(
    private readonly work: UnitOfWork,
    private readonly tracked: TrackMlflowRuns,
    @Inject(RUN_DATA_STORE) private readonly data: RunDataStore,
    @Inject(TRACKED_RUN_STORE) private readonly runs: TrackedRunStore,
  ) {}

  /** @throws {ProblemError} `training.batch_too_large`, `training.param_changed`, and what {@link TrackMlflowRuns.writable} throws */
  logBatch(ctx: RequestContext, runId: string, { metrics, params, tags }: Batch): Promise<void> {
    const count = metrics.length + params.length + tags.length;
    if (count > MAX_ITEMS)
      throw trainingProblem(
        'invalid',
        'batch_too_large',
        `A batch logging request can contain at most ${MAX_ITEMS} metrics, params and tags. Got ${count}.`,
      );
    const wanted = withoutRepeats(params);
    return this.work.run(ctx, async (tx) => {
      await this.tracked.writable(tx, runId);
      if (wanted.length > 0) await this.addParams(tx, runId, wanted);
      if (tags.length > 0) await this.applyTags(tx, runId, tags);
      if (metrics.length > 0) await this.data.addPoints(tx, runId, metrics);
    });
  }

  setTag(ctx: RequestContext, runId: string, tag: KeyValue): Promise<void> {
    return this.work.run(ctx, async (tx) => {
      await this.tracked.taggable(tx, runId);
      await this.applyTags(tx, runId, [tag]);
    });
  }

  deleteTag(ctx: RequestContext, runId: string, key: string): Promise<void> {
    return this.work.run(ctx, async (tx) => {
      await this.tracked.taggable(tx, runId);
      if (!(await this.data.deleteTag(tx, runId, key))) throw noTag(key, `run with id ${runId}`);
    });
  }

  logInputs(ctx: RequestContext, runId: string, inputs: readonly TrackedInput[]): Promise<void> {
    return this.work.run(ctx, async (tx) => {
      await this.tracked.taggable(tx, runId);
      await this.data.addInputs(tx, runId, inputs);
    });
  }

  logOutputs(ctx: RequestContext, runId: string, outputs: readonly TrackedOutput[]): Promise<void> {
    return this.work.run(ctx, async (tx) => {
      await this.tracked.taggable(tx, runId);
      await this.data.addOutputs(tx, runId, outputs);
    });
  }

  history(
    ctx: RequestContext,
    runId: string,
    key: string,
    page: { readonly maxResults: number; readonly pageToken: string | undefined },
  ): Promise<Found<TrackedPoint>> {
    return this.work.run(ctx, async (tx) => {
      await this.tracked.found(tx, runId);
      return this.data.history(tx, runId, key, page);
    });
  }

  private async addParams(tx: Tx, runId: string, params: readonly KeyValue[]): Promise<void> {
    const [first, ...more] = await this.data.addParams(tx, runId, params);
    if (first === undefined) return;
    const others = more.length === 0 ? '' : ` (and ${more.length} more)`;
    const detail =
      `Changing param values is not allowed. Param with key='${first.key}' was already logged with value='${first.old}' ` +
      `for run ID='${runId}'. Attempted logging new value '${first.sent}'${others}.`;
    throw trainingProblem('invalid', 'param_changed', detail);
  }

  private async applyTags(tx: Tx, runId: string, tags: readonly KeyValue[]): Promise<void> {
    await this.data.setTags(tx, runId, tags);
    const name = tags.findLast(({ key }) => key === RUN_NAME_TAG)?.value;
    if (name !== undefined) await this.runs.update(tx, runId, { runName: name });
  }
}

/** Each param once. @throws {ProblemError} `training.param_changed` when one is sent with two values */
function withoutRepeats(params: readonly KeyValue[]): readonly KeyValue[] {
  const values = new Map<string, string>();
  for (const { key, value } of params) {
    if ((values.get(key) ?? value) !== value) {
      const detail = `Duplicate parameter keys have been submitted: ['${key}']. Please ensure the request contains only one param value per param key.`;
      throw trainingProblem('invalid', 'param_changed', detail);
    }
    values.set(key, value);
  }
  return [...values].map(([key, value]) => ({ key, value }));
}
