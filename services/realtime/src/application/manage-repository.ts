import type { RequestContext } from '@myriad/kernel';
import type { ModelStatistics, VersionStatistics } from '../domain/model-statistics.js';
import type { Placement } from '../domain/placement.js';
import type { RoutingTable } from '../domain/routing-table.js';
import type { FindModel } from './find-model.js';
import type { ModelCache } from './model-cache.js';
import { realtimeProblem } from './realtime-problem.js';

export interface ManageRepositoryOptions {
  readonly table: RoutingTable;
  readonly models: FindModel;
  readonly cache: ModelCache;
  readonly statistics: ModelStatistics;
}

/** A version, and what it did. */
export interface CountedVersion {
  readonly placement: Placement;
  readonly statistics: Readonly<VersionStatistics>;
}

/** The models of a tenant as a repository: which there are, what they did, and which of them are in memory. What is placed the deployer decides. */
export class ManageRepository {
  constructor(private readonly options: ManageRepositoryOptions) {}

  /** The tenant's versions that answer here. */
  list(ctx: RequestContext): readonly Placement[] {
    return [...this.options.table.placementsOf(ctx.tenantId)];
  }

  /** @throws {ProblemError} `realtime.model_not_found`. */
  statisticsOf(ctx: RequestContext, modelName: string, version?: string): CountedVersion {
    const placement = this.options.models.find(ctx, modelName, version);
    return { placement, statistics: this.options.statistics.of(placement) };
  }

  /**
   * Brings the version that answers into memory.
   * @throws {ProblemError} `realtime.model_not_found`, `realtime.model_unavailable`, and `realtime.unsupported` for parameters: files and configurations come with a version.
   */
  async load(ctx: RequestContext, modelName: string, parameters: readonly string[]): Promise<void> {
    this.options.models.find(ctx, modelName);
    if (parameters.length > 0)
      throw realtimeProblem(
        'unsupported',
        'unsupported',
        `a load takes no parameters, ${parameters.slice(0, 5).join(', ')} were sent; register a version and have it rolled out`,
      );
    await this.options.models.bringIn(ctx, modelName);
  }

  /** Frees the memory of the version that answers; it comes back with the next request. @throws {ProblemError} `realtime.model_not_found`. */
  unload(ctx: RequestContext, modelName: string): void {
    this.options.cache.unload(this.options.models.find(ctx, modelName));
  }
}
