import { aliasMovedV1 } from '@myriad/contracts';
import { type Clock, type Page, type PageRequest, type RequestContext, newId } from '@myriad/kernel';
import { type Tx, UnitOfWork } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import type { AliasMove, Model, ModelVersion } from '../domain/model.js';
import { registryProblem } from '../domain/registry-problem.js';
import {
  ALIAS_STORE,
  type AliasStore,
  CLOCK,
  MODEL_STORE,
  type ModelStore,
  VERSION_STORE,
  type VersionStore,
} from './ports.js';

export interface AliasChange {
  readonly modelName: string;
  readonly alias: string;
  readonly version: number;
  readonly reason: string;
  readonly movedBy: string;
}

/** Models, their versions, and where their aliases point. */
@Injectable()
export class ManageModels {
  constructor(
    private readonly work: UnitOfWork,
    @Inject(MODEL_STORE) private readonly models: ModelStore,
    @Inject(VERSION_STORE) private readonly versions: VersionStore,
    @Inject(ALIAS_STORE) private readonly aliases: AliasStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  list(ctx: RequestContext, filter: PageRequest & { readonly application: string | undefined }): Promise<Page<Model>> {
    return this.work.run(ctx, (tx) => this.models.list(tx, filter));
  }

  get(ctx: RequestContext, name: string): Promise<Model> {
    return this.work.run(ctx, (tx) => this.found(tx, name));
  }

  listVersions(ctx: RequestContext, name: string, page: PageRequest): Promise<Page<ModelVersion>> {
    return this.work.run(ctx, async (tx) => {
      await this.found(tx, name);
      return this.versions.list(tx, name, page);
    });
  }

  /** @throws {ProblemError} `registry.model_version_not_found`. */
  getVersion(ctx: RequestContext, name: string, version: number): Promise<ModelVersion> {
    return this.work.run(ctx, (tx) => this.foundVersion(tx, name, version));
  }

  listAliases(ctx: RequestContext, name: string, page: PageRequest): Promise<Page<AliasMove>> {
    return this.work.run(ctx, async (tx) => {
      await this.found(tx, name);
      return this.aliases.list(tx, name, page);
    });
  }

  listAliasHistory(ctx: RequestContext, name: string, alias: string, page: PageRequest): Promise<Page<AliasMove>> {
    return this.work.run(ctx, async (tx) => {
      await this.found(tx, name);
      return this.aliases.history(tx, name, alias, page);
    });
  }

  /** @throws {ProblemError} `registry.model_version_not_found`, `registry.version_not_admitted`. */
  moveAlias(ctx: RequestContext, change: Omit<AliasChange, 'movedBy'>): Promise<AliasMove> {
    return this.work.run(ctx, (tx) => this.move(tx, { ...change, movedBy: ctx.principal.id }));
  }

  /** In the transaction of an event; an alias that points there already is left. */
  async move(tx: Tx, change: AliasChange): Promise<AliasMove> {
    const { modelName, alias, reason, movedBy } = change;
    const version = await this.foundVersion(tx, modelName, change.version);
    if (version.status !== 'admitted')
      throw registryProblem(
        'conflict',
        'version_not_admitted',
        `version ${version.version} of '${modelName}' is '${version.status}'; an alias points to an admitted version only`,
      );
    const move: AliasMove = {
      modelName,
      alias,
      version: version.version,
      versionId: version.versionId,
      movedBy,
      movedAt: new Date(this.clock.nowMs()),
      reason,
    };
    const previous = await this.aliases.move(tx, { ...move, moveId: newId('alm', this.clock) });
    if (previous?.version === move.version) return previous;
    await tx.emit(aliasMovedV1, {
      tenantId: tx.tenantId,
      modelName,
      alias,
      version: move.version,
      versionId: move.versionId,
      previousVersion: previous?.version ?? null,
      movedBy,
      reason,
    });
    return move;
  }

  private async found(tx: Tx, name: string): Promise<Model> {
    const model = await this.models.find(tx, name);
    if (!model) throw registryProblem('not-found', 'model_not_found', `there is no model '${name}' here`);
    return model;
  }

  private async foundVersion(tx: Tx, name: string, version: number): Promise<ModelVersion> {
    const found = await this.versions.find(tx, name, version);
    if (!found)
      throw registryProblem(
        'not-found',
        'model_version_not_found',
        `there is no version ${version} of a model '${name}' here`,
      );
    return found;
  }
}
