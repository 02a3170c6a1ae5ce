import type { Tx } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import type { Model, ModelVersion } from '../domain/model.js';
import { registryProblem } from '../domain/registry-problem.js';
import { MODEL_STORE, type ModelStore, VERSION_STORE, type VersionStore } from './ports.js';

/** Models and versions that somebody named: they are there, or the name is refused. */
@Injectable()
export class FindModels {
  constructor(
    @Inject(MODEL_STORE) private readonly models: ModelStore,
    @Inject(VERSION_STORE) private readonly versions: VersionStore,
  ) {}

  /** @throws {ProblemError} `registry.model_not_found`. */
  async model(tx: Tx, name: string): Promise<Model> {
    return (await this.models.find(tx, name)) ?? refuseModel(name);
  }

  /** Locks it until the transaction ends. @throws {ProblemError} `registry.model_not_found`. */
  async lock(tx: Tx, name: string): Promise<void> {
    if (!(await this.models.lock(tx, name))) refuseModel(name);
  }

  /** @throws {ProblemError} `registry.model_version_not_found`. */
  async version(tx: Tx, name: string, version: number): Promise<ModelVersion> {
    const found = await this.versions.find(tx, name, version);
    if (found) return found;
    const detail = `there is no version ${version} of a model '${name}' here`;
    throw registryProblem('not-found', 'model_version_not_found', detail);
  }
}

function refuseModel(name: string): never {
  throw registryProblem('not-found', 'model_not_found', `there is no model '${name}' here`);
}
