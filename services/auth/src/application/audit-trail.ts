import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import { nextRecord, type AuditEntry } from '../domain/audit-record.js';
import { AuditStore } from './ports/audit.store.js';
import { CLOCK } from './tokens.js';

/** Writes what happened into the tenant's chain, in the transaction in which it happens. */
@Injectable()
export class AuditTrail {
  constructor(
    private readonly store: AuditStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The time of what is being done. */
  now(): Date {
    return new Date(this.clock.nowMs());
  }

  /** Call it last in a transaction: from here to its end the tenant's chain is locked. */
  async record(tx: Tx, entry: AuditEntry): Promise<void> {
    const head = await this.store.lockHead(tx);
    await this.store.append(tx, nextRecord(head, tx.tenantId, entry, this.now()));
  }
}
