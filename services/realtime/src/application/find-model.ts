import type { Clock, ProblemError, RequestContext } from '@myriad/kernel';
import type { Placement } from '../domain/placement.js';
import type { RoutingTable } from '../domain/routing-table.js';
import type { ModelCache } from './model-cache.js';
import type { LoadedModel } from './model-loader.port.js';
import { isInShare } from './choose-version.js';
import { deadlineExceeded, realtimeProblem } from './realtime-problem.js';

/** Looks up which version answers, and brings it into memory. */
export class FindModel {
  constructor(
    private readonly table: RoutingTable,
    private readonly cache: ModelCache,
    private readonly clock: Clock,
  ) {}

  /** The version of the caller's tenant that answers; for the requests in its share a canary, once it is in memory: a request never waits for one. A canary can also be asked by its number. A model of another tenant is not found, in the same words. @throws {ProblemError} `realtime.model_not_found`. */
  find(ctx: RequestContext, modelName: string, version?: string): Placement {
    const placement = this.served(ctx, modelName);
    const canary = this.canaryFor(ctx, placement, version);
    if (canary !== undefined) return canary;
    if (version !== undefined && version !== String(placement.version))
      throw realtimeProblem(
        'not-found',
        'model_not_found',
        `version ${version} of model '${modelName}' is not served here; version ${placement.version} is`,
      );
    return placement;
  }

  /** The version that answers whoever is not in a canary's share. @throws {ProblemError} `realtime.model_not_found`. */
  served(ctx: RequestContext, modelName: string): Placement {
    const placement = this.table.find(ctx.tenantId, modelName);
    if (placement === undefined)
      throw realtimeProblem(
        'not-found',
        'model_not_found',
        `no model '${modelName}' is served here for tenant '${ctx.tenantId}'`,
      );
    return placement;
  }

  private canaryFor(ctx: RequestContext, placement: Placement, version: string | undefined): Placement | undefined {
    const trial = this.table.candidateOf(placement);
    if (trial?.mode !== 'canary') return undefined;
    const canary = this.table.placementAt(trial.row);
    if (canary === undefined) return undefined;
    if (version !== undefined) return version === String(canary.version) ? canary : undefined;
    if (!isInShare(ctx, canary, trial.percent)) return undefined;
    if (this.cache.has(canary)) return canary;
    // a failure is remembered by the cache, and told by `explain`
    this.cache.load(canary).catch(() => undefined);
    return undefined;
  }

  /** The version's model if it is in memory; use it before the next `await`. @throws {ProblemError} `realtime.deadline_exceeded`. */
  inMemory(ctx: RequestContext, placement: Placement): LoadedModel | undefined {
    if (ctx.deadlineMs !== undefined && ctx.deadlineMs <= this.clock.nowMs()) throw deadlineExceeded();
    return this.cache.peek(placement);
  }

  /** Loads the version that answers, however often it changes meanwhile. @throws {ProblemError} `realtime.model_unavailable`, `realtime.deadline_exceeded`. */
  async bringIn(
    ctx: RequestContext,
    modelName: string,
    version?: string,
  ): Promise<{ readonly placement: Placement; readonly model: LoadedModel }> {
    for (let attempt = 0; attempt < 10; attempt += 1) {
      const placement = this.find(ctx, modelName, version);
      const model = this.inMemory(ctx, placement);
      if (model !== undefined) return { placement, model };
      await this.withinDeadline(ctx, this.cache.load(placement));
    }
    throw tooSmall(modelName);
  }

  private async withinDeadline(ctx: RequestContext, loading: Promise<void>): Promise<void> {
    if (ctx.deadlineMs === undefined) return loading;
    const done = new AbortController();
    const deadline = this.clock.sleep(ctx.deadlineMs - this.clock.nowMs(), done.signal).then(
      () => {
        throw deadlineExceeded();
      },
      () => undefined,
    );
    try {
      await Promise.race([loading, deadline]);
    } finally {
      done.abort(new Error('done'));
      // a load that outlives its last waiter still fills the cache; its failure is remembered there
      loading.catch(() => undefined);
    }
  }
}

export function tooSmall(modelName: string): ProblemError {
  const detail = `model '${modelName}' was pushed out of memory as often as it was loaded; the pool is too small for its traffic`;
  return realtimeProblem('unavailable', 'model_unavailable', detail, { retryAfterSeconds: 1 });
}
