import type { Page, PageRequest, RequestContext } from '@myriad/kernel';
import { UnitOfWork } from '@myriad/persistence';
import { type Expression, parseFilter, parseOrder } from '@myriad/search';
import { Inject, Injectable } from '@nestjs/common';
import type { Model, ModelVersion } from '../domain/model.js';
import { type ModelCounts, SEARCH_STORE, type SearchStore } from './ports.js';

export interface SearchRequest {
  readonly page: PageRequest;
  readonly filter?: string | undefined;
  readonly orderBy?: string | undefined;
}

/** Finds models and versions of the acting tenant by what is said of them. */
@Injectable()
export class SearchModels {
  constructor(
    private readonly work: UnitOfWork,
    @Inject(SEARCH_STORE) private readonly store: SearchStore,
  ) {}

  /** @throws {ProblemError} `search.filter_invalid`, `search.order_invalid`, `persistence.cursor_invalid` */
  models(
    ctx: RequestContext,
    request: SearchRequest & { readonly application: string | undefined; readonly isDeleted: boolean },
  ): Promise<Page<Model>> {
    const { application, isDeleted, page, orderBy } = request;
    const filter = both(parseFilter(request.filter ?? ''), ofApplication(application));
    const list = listOf('models', [request.filter, orderBy, application, isDeleted]);
    return this.work.run(ctx, (tx) =>
      this.store.models(tx, { filter, orderBy: orderOf(orderBy), isDeleted, page, list }),
    );
  }

  /** @throws {ProblemError} `search.filter_invalid`, `search.order_invalid`, `persistence.cursor_invalid` */
  versions(ctx: RequestContext, { page, filter: text, orderBy }: SearchRequest): Promise<Page<ModelVersion>> {
    const filter = parseFilter(text ?? '');
    const list = listOf('model-versions', [text, orderBy]);
    return this.work.run(ctx, (tx) => this.store.versions(tx, { filter, orderBy: orderOf(orderBy), page, list }));
  }

  /** @throws {ProblemError} `search.filter_invalid` */
  count(ctx: RequestContext, filter: string | undefined): Promise<ModelCounts> {
    const expression = parseFilter(filter ?? '');
    return this.work.run(ctx, (tx) => this.store.count(tx, expression));
  }
}

function orderOf(text: string | undefined): ReturnType<typeof parseOrder> | undefined {
  return text === undefined ? undefined : parseOrder(text);
}

function listOf(name: string, words: readonly unknown[]): string {
  return JSON.stringify([name, ...words.map((word) => word ?? '')]);
}

function ofApplication(value: string | undefined): Expression | undefined {
  const field = { group: undefined, key: 'application' };
  return value === undefined ? undefined : { kind: 'comparison', field, operator: '=', value, at: 0 };
}

function both(one: Expression | undefined, other: Expression | undefined): Expression | undefined {
  return one && other ? { kind: 'and', of: [one, other] } : (one ?? other);
}
