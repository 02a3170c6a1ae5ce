import type { RequestContext } from '@myriad/kernel';
import type { ModelStatistics, VersionStatistics } from '../domain/model-statistics.js';
import type { Placement, Trial } from '../domain/placement.js';
import type { RoutingTable } from '../domain/routing-table.js';
import type { Comparison, TrialComparisons } from '../domain/trial-comparisons.js';
import type { ChooseRuntime, RuntimeKind } from './choose-runtime.js';
import type { FindModel } from './find-model.js';
import type { LoadHistory, VersionHistory } from './load-history.js';
import type { ModelCache, Residence } from './model-cache.js';
import type { Tier } from './model-loader.port.js';

export interface ExplainServingOptions {
  readonly models: FindModel;
  readonly table: RoutingTable;
  readonly cache: ModelCache;
  readonly loader: Pick<ChooseRuntime, 'tierOf' | 'runtimeOf'>;
  readonly history: LoadHistory;
  readonly statistics: ModelStatistics;
  readonly comparisons: TrialComparisons;
}

/** A version that is tried beside the one that answers, and what came of it on this replica. */
export interface TrialView extends Trial {
  readonly placement: Placement;
  readonly isInMemory: boolean;
  readonly served: VersionStatistics;
  readonly tried: VersionStatistics;
  readonly comparison: Comparison;
}

export interface Explanation extends VersionHistory {
  readonly placement: Placement;
  readonly place: 'memory' | 'loading' | Tier;
  /** Why it is there, in words. */
  readonly reason: string;
  readonly runtime: RuntimeKind;
  readonly residence: Residence;
  readonly pending: Placement | undefined;
  readonly trial: TrialView | undefined;
  readonly refusal: { readonly version: number; readonly reason: string; readonly untilMs: number } | undefined;
}

/** Says where a version is and how that came. */
export class ExplainServing {
  constructor(private readonly options: ExplainServingOptions) {}

  /** @throws {ProblemError} `realtime.model_not_found` */
  execute(ctx: RequestContext, modelName: string): Explanation {
    const { models, table, cache, loader, history } = this.options;
    const placement = models.served(ctx, modelName);
    const pending = table.pending(ctx.tenantId, modelName);
    const residence = cache.look(placement);
    const past = history.of(placement);
    const place = residence.memoryBytes > 0 ? 'memory' : residence.isLoading ? 'loading' : loader.tierOf(placement);
    const refusal = this.refusalOf(pending) ?? this.refusalOf(placement);
    const trial = this.trialOf(placement);
    const [runtime, reason] = [loader.runtimeOf(placement), reasonOf(place, residence, past)];
    return { ...past, placement, pending, trial, residence, runtime, place, reason, refusal };
  }

  private trialOf(served: Placement): TrialView | undefined {
    const { table, cache, statistics, comparisons } = this.options;
    const candidate = table.candidateOf(served);
    const placement = candidate && table.placementAt(candidate.row);
    if (candidate === undefined || placement === undefined) return undefined;
    const { mode, percent } = candidate;
    return {
      ...{ mode, percent, placement },
      isInMemory: cache.has(placement),
      served: statistics.of(served),
      tried: statistics.of(placement),
      comparison: comparisons.of(placement),
    };
  }

  private refusalOf(placement: Placement | undefined): Explanation['refusal'] {
    const failure = placement === undefined ? undefined : this.options.cache.look(placement).failure;
    if (placement === undefined || failure === undefined) return undefined;
    return { version: placement.version, reason: failure.error.message, untilMs: failure.untilMs };
  }
}

/** Why a version left memory, in words. */
export function evictionReason({ uses, isForOwnTenant }: NonNullable<VersionHistory['eviction']>): string {
  const whose = isForOwnTenant ? 'another version of its tenant' : "another tenant's version";
  return `${whose} needed the room, and this one was worth least for its bytes: ${uses} uses, by what a load of it costs`;
}

function reasonOf(place: Explanation['place'], { uses, failure }: Residence, past: VersionHistory): string {
  if (place === 'memory') return `it was loaded, and asked for ${uses} times since`;
  if (place === 'loading') return 'somebody asked for it or it was just placed';
  if (failure !== undefined) return `its last load failed: ${failure.error.message}`;
  if (past.eviction !== undefined) return evictionReason(past.eviction);
  if (past.loads.length > 0) return 'it was loaded and freed again';
  return 'nobody asked for it on this replica since it started';
}
