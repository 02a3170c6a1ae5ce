import type { Page, RequestContext } from '@myriad/kernel';
import { UnitOfWork } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { Key } from '../domain/key.js';
import { KeyStore, type KeyQuery } from './ports/key.store.js';

/** Keys of the principals of the acting tenant. */
@Injectable()
export class FindKeys {
  constructor(
    private readonly uow: UnitOfWork,
    private readonly keys: KeyStore,
  ) {}

  list(ctx: RequestContext, query: KeyQuery): Promise<Page<Key>> {
    return this.uow.run(ctx, (tx) => this.keys.list(tx, query));
  }
}
