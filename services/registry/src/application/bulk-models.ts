import { type Clock, type RequestContext, newId } from '@myriad/kernel';
import { UnitOfWork } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { MAX_TAGS, type Model, type TagChange } from '../domain/model.js';
import { registryProblem } from '../domain/registry-problem.js';
import { AliasCache } from './alias-cache.js';
import { announceMove } from './announce-move.js';
import { BULK_STORE, type AliasFacts, type BulkStore, CLOCK, type TagFacts } from './ports.js';

export interface ItemProblem {
  readonly code: string;
  readonly detail: string;
}

export interface BulkResults {
  readonly changed: number;
  readonly failed: number;
  /** In the order of the request. */
  readonly items: readonly { readonly name: string; readonly problem: ItemProblem | null }[];
}

export interface TagItem extends TagChange {
  readonly name: string;
}
export interface AliasItem {
  readonly name: string;
  readonly alias: string;
  /** null removes it. */
  readonly version: number | null;
}

/** How items go together: all or none of them, or each by itself. */
interface Together {
  readonly atomic: boolean;
}

/** Faults shown of a request of which nothing is done. */
const MAX_FAULTS = 100;

/** Many models in one transaction, with as many statements as one model takes. */
@Injectable()
export class BulkModels {
  constructor(
    private readonly work: UnitOfWork,
    private readonly cache: AliasCache,
    @Inject(BULK_STORE) private readonly store: BulkStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Those that are there. */
  get(ctx: RequestContext, names: readonly string[]): Promise<ReadonlyMap<string, Model>> {
    return this.work.run(ctx, (tx) => this.store.models(tx, names));
  }

  /** @throws {ProblemError} `registry.bulk_repeated`, `registry.bulk_refused`. */
  tag(ctx: RequestContext, items: readonly TagItem[], { atomic }: Together): Promise<BulkResults> {
    refuseRepeated(items.map(({ name }) => name));
    return this.work.run(ctx, async (tx) => {
      const facts = await this.store.lockTags(
        tx,
        items.map(({ name }) => name),
      );
      const results = judged(items, (item) => tagProblem(item, facts.get(item.name)), atomic);
      const good = items.filter((_, at) => results[at] === null);
      await this.store.putTags(tx, good, this.now());
      return resultsOf(items, results, good.length);
    });
  }

  /**
   * An alias that points there already, or is not there to be removed, is left.
   * @throws {ProblemError} `registry.bulk_repeated`, `registry.bulk_refused`.
   */
  moveAliases(
    ctx: RequestContext,
    items: readonly AliasItem[],
    { atomic, reason }: Together & { readonly reason: string },
  ): Promise<BulkResults> {
    refuseRepeated(items.map(({ name, alias }) => `${name}@${alias}`));
    return this.work.run(ctx, async (tx) => {
      const facts = await this.store.lockAliases(tx, items);
      const results = judged(items, (item, at) => aliasProblem(item, facts[at]), atomic);
      const by = { movedBy: ctx.principal.id, movedAt: this.now(), reason };
      const moves = items.flatMap(({ name, alias, version }, at) => {
        const { versionId = null, previousVersion = null } = facts[at] ?? {};
        if (results[at] !== null || version === previousVersion) return [];
        return [
          { modelName: name, alias, version, versionId, ...by, moveId: newId('alm', this.clock), previousVersion },
        ];
      });
      await this.store.putAliases(tx, moves, by.movedAt);
      tx.afterCommit(() => {
        for (const { modelName, alias } of moves) this.cache.outdate(tx.tenantId, modelName, alias);
      });
      for (const move of moves) await announceMove(tx, move, move.previousVersion);
      return resultsOf(items, results, moves.length);
    });
  }

  private now(): Date {
    return new Date(this.clock.nowMs());
  }
}

function refuseRepeated(keys: readonly string[]): void {
  const seen = new Set<string>();
  for (const [at, key] of keys.entries()) {
    if (seen.has(key)) {
      const detail = `'${key}' is there twice`;
      throw registryProblem('invalid', 'bulk_repeated', detail, { errors: [{ pointer: `/items/${at}`, detail }] });
    }
    seen.add(key);
  }
}

/** What is wrong with each item. @throws {ProblemError} `registry.bulk_refused` when something is, and all is wanted or nothing */
function judged<T>(
  items: readonly T[],
  judge: (item: T, at: number) => ItemProblem | null,
  atomic: boolean,
): readonly (ItemProblem | null)[] {
  const results = items.map(judge);
  const errors = results.flatMap((problem, at) =>
    problem === null ? [] : [{ pointer: `/items/${at}`, detail: `${problem.code}: ${problem.detail}` }],
  );
  if (atomic && errors.length > 0)
    throw registryProblem(
      'conflict',
      'bulk_refused',
      `${errors.length} of ${items.length} items can't be done; nothing was`,
      {
        errors: errors.slice(0, MAX_FAULTS),
      },
    );
  return results;
}

function noModel(name: string): ItemProblem {
  return { code: 'registry.model_not_found', detail: `there is no model '${name}' here` };
}

function tagProblem({ name, set, remove }: TagItem, facts: TagFacts | undefined): ItemProblem | null {
  if (!facts) return noModel(name);
  const kept = facts.keys.filter((key) => !remove.includes(key));
  const { size } = new Set([...kept, ...Object.keys(set)]);
  if (size <= MAX_TAGS) return null;
  return {
    code: 'registry.too_many_tags',
    detail: `'${name}' would have ${size} tags; at most ${MAX_TAGS} are allowed`,
  };
}

function aliasProblem({ name, version }: AliasItem, facts: AliasFacts | undefined): ItemProblem | null {
  if (facts?.isThere !== true) return noModel(name);
  if (version === null) return null;
  if (facts.status === null)
    return { code: 'registry.model_version_not_found', detail: `there is no version ${version} of '${name}'` };
  if (facts.status === 'admitted') return null;
  return { code: 'registry.version_not_admitted', detail: `version ${version} of '${name}' is '${facts.status}'` };
}

function resultsOf(
  items: readonly { readonly name: string }[],
  results: readonly (ItemProblem | null)[],
  changed: number,
): BulkResults {
  const all = items.map(({ name }, at) => ({ name, problem: results[at] ?? null }));
  return { changed, failed: all.filter(({ problem }) => problem !== null).length, items: all };
}
