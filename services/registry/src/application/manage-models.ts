import { type Clock, type Page, type PageRequest, type RequestContext, newId } from '@myriad/kernel';
import { type Tx, UnitOfWork } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { MAX_TAGS, type Model, type ModelVersion, type TagChange, type Tags } from '../domain/model.js';
import { registryProblem } from '../domain/registry-problem.js';
import { FindModels } from './find-models.js';
import { ManageApplications } from './manage-applications.js';
import {
  CLOCK,
  MODEL_STORE,
  type ModelStore,
  TAG_STORE,
  type TagOwner,
  type TagStore,
  VERSION_STORE,
  type VersionName,
  type VersionStore,
} from './ports.js';

export interface ModelRequest {
  readonly name: string;
  readonly application: string | undefined;
  readonly description: string | null;
  readonly tags: Tags;
}

/** Models and their versions: what is said of them, and whether they are there. */
@Injectable()
export class ManageModels {
  constructor(
    private readonly work: UnitOfWork,
    private readonly find: FindModels,
    private readonly applications: ManageApplications,
    @Inject(MODEL_STORE) private readonly models: ModelStore,
    @Inject(VERSION_STORE) private readonly versions: VersionStore,
    @Inject(TAG_STORE) private readonly tags: TagStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws {ProblemError} `registry.model_exists`, `registry.application_not_found`, `registry.too_many_tags`. */
  async create(ctx: RequestContext, { name, application, description, tags }: ModelRequest): Promise<Model> {
    if (application !== undefined) await this.applications.refuseUnknown(application);
    const modelId = newId('mdl', this.clock);
    return this.work.run(ctx, async (tx) => {
      const model = { name, modelId, application: application ?? null, description, createdAt: this.now() };
      if (!(await this.models.create(tx, model)))
        throw registryProblem('conflict', 'model_exists', `there is a model '${name}' already`);
      await this.changeTags(tx, { modelName: name }, { set: tags, remove: [] });
      return this.find.model(tx, name);
    });
  }

  get(ctx: RequestContext, name: string): Promise<Model> {
    return this.work.run(ctx, (tx) => this.find.model(tx, name));
  }

  /** @throws {ProblemError} `registry.model_not_found`. */
  describe(ctx: RequestContext, name: string, description: string | null): Promise<Model> {
    return this.work.run(ctx, async (tx) => {
      await this.find.lock(tx, name);
      await this.models.describe(tx, name, { description, at: this.now() });
      return this.find.model(tx, name);
    });
  }

  /** @throws {ProblemError} `registry.model_not_found`, `registry.too_many_tags`. */
  tag(ctx: RequestContext, name: string, change: TagChange): Promise<Model> {
    return this.work.run(ctx, async (tx) => {
      await this.find.lock(tx, name);
      await this.changeTags(tx, { modelName: name }, change);
      await this.models.touch(tx, name, this.now());
      return this.find.model(tx, name);
    });
  }

  /**
   * Promotions point an alias to what they make live, so a model without one is nowhere live unless somebody took it away, with a reason.
   * @throws {ProblemError} `registry.model_not_found`, `registry.model_in_use`.
   */
  delete(ctx: RequestContext, name: string): Promise<void> {
    return this.work.run(ctx, async (tx) => {
      await this.find.lock(tx, name);
      const aliases = Object.keys((await this.find.model(tx, name)).aliases);
      if (aliases.length > 0)
        throw registryProblem(
          'conflict',
          'model_in_use',
          `'${name}' has the alias${aliases.length === 1 ? '' : 'es'} ${aliases.sort().join(', ')}; remove them first`,
        );
      await this.models.delete(tx, name, this.now());
    });
  }

  /** One that is there is left as it is. @throws {ProblemError} `registry.model_not_found`. */
  restore(ctx: RequestContext, name: string): Promise<Model> {
    return this.work.run(ctx, async (tx) => {
      await this.models.restore(tx, name, this.now());
      return this.find.model(tx, name);
    });
  }

  listVersions(ctx: RequestContext, name: string, page: PageRequest): Promise<Page<ModelVersion>> {
    return this.work.run(ctx, async (tx) => {
      await this.find.model(tx, name);
      return this.versions.list(tx, name, page);
    });
  }

  /** @throws {ProblemError} `registry.model_version_not_found`. */
  getVersion(ctx: RequestContext, name: string, version: number): Promise<ModelVersion> {
    return this.work.run(ctx, (tx) => this.find.version(tx, name, version));
  }

  /** @throws {ProblemError} `registry.model_version_not_found`. */
  describeVersion(ctx: RequestContext, name: VersionName, description: string | null): Promise<ModelVersion> {
    return this.work.run(ctx, async (tx) => {
      await this.versions.describe(tx, name, description);
      return this.find.version(tx, name.modelName, name.version);
    });
  }

  /** @throws {ProblemError} `registry.model_version_not_found`, `registry.too_many_tags`. */
  tagVersion(ctx: RequestContext, name: VersionName, change: TagChange): Promise<ModelVersion> {
    return this.work.run(ctx, async (tx) => {
      // a version's tags are counted by one at a time
      await this.models.lock(tx, name.modelName);
      await this.find.version(tx, name.modelName, name.version);
      await this.changeTags(tx, name, change);
      return this.find.version(tx, name.modelName, name.version);
    });
  }

  private async changeTags(tx: Tx, owner: TagOwner, change: TagChange): Promise<void> {
    const count = await this.tags.change(tx, owner, change);
    if (count <= MAX_TAGS) return;
    const detail = `there would be ${count} tags; a model, and a version, has at most ${MAX_TAGS}`;
    throw registryProblem('invalid', 'too_many_tags', detail, { errors: [{ pointer: '/set', detail }] });
  }

  private now(): Date {
    return new Date(this.clock.nowMs());
  }
}
