import type { RequestContext } from '@myriad/kernel';
import { UnitOfWork } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import type { Alias, AliasMove } from '../domain/model.js';
import { registryProblem } from '../domain/registry-problem.js';
import { FindModels } from './find-models.js';
import { ALIAS_STORE, type AliasStore } from './ports.js';

/** Where an alias points, or pointed, as the database has it. */
@Injectable()
export class ReadAlias {
  constructor(
    private readonly work: UnitOfWork,
    private readonly find: FindModels,
    @Inject(ALIAS_STORE) private readonly aliases: AliasStore,
  ) {}

  /** @param asOf a time; undefined: now. @throws {ProblemError} `registry.model_not_found`, `registry.alias_not_found`. */
  execute(ctx: RequestContext, modelName: string, alias: string, asOf?: Date): Promise<Alias> {
    return this.work.run(ctx, async (tx) => {
      await this.find.model(tx, modelName);
      const found =
        asOf === undefined
          ? await this.aliases.find(tx, modelName, alias)
          : await this.aliases.findAsOf(tx, { modelName, alias, at: asOf });
      if (found && isAlias(found)) return found;
      throw aliasNotFound(modelName, alias, asOf);
    });
  }
}

function isAlias(move: AliasMove): move is Alias {
  return move.version !== null;
}

export function aliasNotFound(modelName: string, alias: string, asOf?: Date): Error {
  const detail =
    asOf === undefined
      ? `'${modelName}' has no alias '${alias}'`
      : `'${modelName}' had no alias '${alias}' at ${asOf.toISOString()}`;
  return registryProblem('not-found', 'alias_not_found', detail);
}
