import type { Page, RequestContext } from '@myriad/kernel';
import { UnitOfWork } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import { ChainCheck, type AuditRecord, type ChainReport } from '../domain/audit-record.js';
import { AuditStore, type AuditQuery } from './ports/audit.store.js';

/** Records read at a time by a check. */
const STEP = 1000;

/** Reads and checks the acting tenant's chain. */
@Injectable()
export class FindAudit {
  constructor(
    private readonly uow: UnitOfWork,
    private readonly store: AuditStore,
  ) {}

  list(ctx: RequestContext, query: AuditQuery): Promise<Page<AuditRecord>> {
    return this.uow.run(ctx, (tx) => this.store.list(tx, query));
  }

  /** Recomputes the chain up to the head it has now; what is appended meanwhile waits for the next check. */
  verify(ctx: RequestContext): Promise<ChainReport> {
    return this.uow.run(ctx, async (tx) => {
      const head = await this.store.head(tx);
      const chain = new ChainCheck();
      for (let from = 1; from <= head.seq; from += STEP) {
        if (!chain.add(await this.store.range(tx, from, Math.min(from + STEP - 1, head.seq), STEP))) break;
      }
      return chain.end(head);
    });
  }
}
