import { type Clock, type Page, type PageRequest, type RequestContext, newId } from '@myriad/kernel';
import { type Tx, UnitOfWork } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import type { Alias, AliasMove } from '../domain/model.js';
import { registryProblem } from '../domain/registry-problem.js';
import { AliasCache } from './alias-cache.js';
import { announceMove } from './announce-move.js';
import { FindModels } from './find-models.js';
import { ALIAS_STORE, type AliasStore, CLOCK, MODEL_STORE, type ModelStore } from './ports.js';
import { aliasNotFound } from './read-alias.js';

export interface AliasChange {
  readonly modelName: string;
  readonly alias: string;
  readonly version: number;
  readonly reason: string;
  readonly movedBy: string;
}

/** Where aliases point, and pointed. Moves of one model take turns: exactly one of two at once is the first. */
@Injectable()
export class MoveAliases {
  constructor(
    private readonly work: UnitOfWork,
    private readonly find: FindModels,
    private readonly cache: AliasCache,
    @Inject(MODEL_STORE) private readonly models: ModelStore,
    @Inject(ALIAS_STORE) private readonly aliases: AliasStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  list(ctx: RequestContext, name: string, page: PageRequest): Promise<Page<Alias>> {
    return this.work.run(ctx, async (tx) => {
      await this.find.model(tx, name);
      return this.aliases.list(tx, name, page);
    });
  }

  history(ctx: RequestContext, name: string, alias: string, page: PageRequest): Promise<Page<AliasMove>> {
    return this.work.run(ctx, async (tx) => {
      await this.find.model(tx, name);
      return this.aliases.history(tx, name, alias, page);
    });
  }

  /** @throws {ProblemError} `registry.model_version_not_found`, `registry.version_not_admitted`. */
  moveOnRequest(ctx: RequestContext, change: Omit<AliasChange, 'movedBy'>): Promise<Alias> {
    return this.work.run(ctx, (tx) => this.move(tx, { ...change, movedBy: ctx.principal.id }));
  }

  /** What went live is there: a deleted model is restored. */
  async moveAsPromoted(tx: Tx, change: AliasChange): Promise<void> {
    await this.models.restore(tx, change.modelName, this.now());
    await this.move(tx, change);
  }

  /** @throws {ProblemError} `registry.model_not_found`, `registry.alias_not_found`. */
  removeOnRequest(
    ctx: RequestContext,
    { modelName, alias, reason }: Pick<AliasChange, 'modelName' | 'alias' | 'reason'>,
  ): Promise<void> {
    return this.work.run(ctx, async (tx) => {
      await this.find.lock(tx, modelName);
      const before = await this.aliases.find(tx, modelName, alias);
      if (!before) throw aliasNotFound(modelName, alias);
      await this.aliases.remove(tx, modelName, alias);
      const removal = { modelName, alias, version: null, versionId: null, movedBy: ctx.principal.id, reason };
      await this.record(tx, { ...removal, movedAt: this.now() }, before.version);
    });
  }

  /** An alias that points there already is left. */
  private async move(tx: Tx, change: AliasChange): Promise<Alias> {
    const { modelName, alias, reason, movedBy } = change;
    await this.models.lock(tx, modelName);
    const { version, versionId, status } = await this.find.version(tx, modelName, change.version);
    if (status !== 'admitted')
      throw registryProblem(
        'conflict',
        'version_not_admitted',
        `version ${version} of '${modelName}' is '${status}'; an alias points to an admitted version only`,
      );
    const before = await this.aliases.find(tx, modelName, alias);
    if (before?.version === version) return before;
    const move: Alias = { modelName, alias, version, versionId, movedBy, movedAt: this.now(), reason };
    await this.aliases.put(tx, move);
    await this.record(tx, move, before?.version ?? null);
    return move;
  }

  private async record(tx: Tx, move: AliasMove, previousVersion: number | null): Promise<void> {
    await this.aliases.record(tx, { ...move, moveId: newId('alm', this.clock) });
    await this.models.touch(tx, move.modelName, move.movedAt);
    tx.afterCommit(() => {
      this.cache.outdate(tx.tenantId, move.modelName, move.alias);
    });
    await announceMove(tx, move, previousVersion);
  }

  private now(): Date {
    return new Date(this.clock.nowMs());
  }
}
