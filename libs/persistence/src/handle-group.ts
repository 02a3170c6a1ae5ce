import { AsyncLocalStorage } from 'node:async_hooks';
import type { QueryRunner } from 'typeorm';
import type { Database } from './database.js';
import type { EventOrigin } from './outbox-event.js';
import { OpenTx, type Tx } from './tx.js';

export type Handled = 'handled' | 'duplicate';

/** An event's effect that waits for a transaction. */
export interface HandleEntry {
  readonly origin: EventOrigin;
  /** The inbox's key. */
  readonly inbox: readonly [tenantId: string, handler: string, eventId: string];
  readonly fn: (tx: Tx) => Promise<unknown>;
}

interface Waiting extends HandleEntry {
  readonly settle: (outcome: Handled | 'alone') => void;
  /** Runs a function in the asynchronous context of the caller, whose trace it belongs to. */
  readonly inContext: <T>(fn: () => T) => T;
}

/** Transactions that run at a time, and events that share one. */
const MAX_RUNNING = 4;
const MAX_GROUP = 32;

/**
 * Effects of events that arrive while others are being committed share the next transaction: each sees its own tenant, all are committed
 * together. When one of them fails none is done, and each is told to go `alone`. With little to do every event has its own at once.
 */
export class HandleGroup {
  private readonly waiting: Waiting[] = [];
  private running = 0;

  constructor(
    private readonly database: Database,
    private readonly afterCommit: (tx: OpenTx) => Promise<void>,
  ) {}

  handle(entry: HandleEntry): Promise<Handled | 'alone'> {
    return new Promise((settle) => {
      this.waiting.push({ ...entry, settle, inContext: AsyncLocalStorage.snapshot() });
      if (this.running < MAX_RUNNING) void this.work();
    });
  }

  private async work(): Promise<void> {
    this.running += 1;
    for (let group = this.take(); group.length > 0; group = this.take()) {
      const outcomes = await this.commit(group).catch(() => undefined);
      for (const [index, entry] of group.entries()) entry.settle(outcomes?.[index] ?? 'alone');
    }
    this.running -= 1;
  }

  private take(): readonly Waiting[] {
    return this.waiting.splice(0, MAX_GROUP);
  }

  private async commit(group: readonly Waiting[]): Promise<readonly Handled[]> {
    const runner = this.database.dataSource.createQueryRunner();
    try {
      await runner.connect();
      await runner.startTransaction();
      const done = await this.run(runner, group).catch(async (error: unknown) => {
        await runner.rollbackTransaction().catch(() => undefined);
        throw error;
      });
      await runner.commitTransaction();
      if (done.some(({ tx }) => tx.hasEvents)) this.database.outboxWake.ring();
      for (const { tx } of done) await this.afterCommit(tx);
      return done.map(({ outcome }) => outcome);
    } finally {
      await runner.release();
    }
  }

  private async run(
    runner: QueryRunner,
    group: readonly Waiting[],
  ): Promise<readonly { readonly tx: OpenTx; readonly outcome: Handled }[]> {
    const done: { tx: OpenTx; outcome: Handled }[] = [];
    for (const { origin, inbox, fn, inContext } of group) {
      const tx = new OpenTx(runner.manager, origin);
      const isNew = await tx.query(
        `WITH scope AS MATERIALIZED
           (SELECT set_config('myriad.tenant_id', $1, true), set_config('statement_timeout', $2, true))
         INSERT INTO inbox (tenant_id, handler, event_id) SELECT $3, $4, $5::uuid FROM scope
         ON CONFLICT DO NOTHING RETURNING 1`,
        [tx.tenantId, String(this.database.statementTimeoutMs), ...inbox],
      );
      if (isNew.length > 0) {
        await inContext(() => fn(tx));
        await tx.writeEvents();
      }
      done.push({ tx, outcome: isNew.length > 0 ? 'handled' : 'duplicate' });
    }
    return done;
  }
}
