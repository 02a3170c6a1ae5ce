import { AsyncLocalStorage } from 'node:async_hooks';
import type { Database } from './database.js';
import type { EventOrigin } from './outbox-event.js';
import { Session } from './session.js';
import { ACROSS_TENANTS } from './tenant-table.js';
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
  private isGathering = false;

  constructor(
    private readonly database: Database,
    private readonly afterCommit: (tx: OpenTx) => Promise<void>,
  ) {}

  handle(entry: HandleEntry): Promise<Handled | 'alone'> {
    return new Promise((settle) => {
      this.waiting.push({ ...entry, settle, inContext: AsyncLocalStorage.snapshot() });
      this.gather();
    });
  }

  /** Begins when all that came with the event is there. */
  private gather(): void {
    if (this.isGathering || this.running >= MAX_RUNNING) return;
    this.isGathering = true;
    setImmediate(() => {
      this.isGathering = false;
      void this.work();
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
    const done = await Session.transact(this.database, (session) => this.run(session, group));
    for (const tx of done.values()) await this.afterCommit(tx);
    return group.map((entry) => (done.has(entry) ? 'handled' : 'duplicate'));
  }

  /** Does the effects that are new, tenant by tenant; each tenant's in the order of their arrival. */
  private async run(session: Session, group: readonly Waiting[]): Promise<ReadonlyMap<Waiting, OpenTx>> {
    const { statementTimeoutMs } = this.database;
    session.setScope(ACROSS_TENANTS, statementTimeoutMs);
    const isNew = await remember(session, group);
    const done = new Map<Waiting, OpenTx>();
    for (const entry of group.filter(isNew).sort(byTenant)) {
      session.setScope(entry.origin.tenantId, statementTimeoutMs);
      const tx = new OpenTx(session, entry.origin);
      await entry.inContext(() => entry.fn(tx));
      done.set(entry, tx);
    }
    session.writeEvents([...done.values()].flatMap(({ events }) => events));
    return done;
  }
}

/**
 * Enters the events in the inbox, in the order of their keys, so that two processes with the same events wait for each other and not both
 * ways. @returns whether an entry's event was not there before; of one that is there twice in the group only the first is new
 */
export async function remember(
  tx: Pick<Tx, 'query'>,
  group: readonly HandleEntry[],
): Promise<(entry: HandleEntry) => boolean> {
  const rows = await tx.query<{ tenant_id: string; handler: string; event_id: string }>(
    `INSERT INTO inbox (tenant_id, handler, event_id)
     SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[]) AS event (tenant_id, handler, event_id)
     ORDER BY tenant_id, handler, event_id
     ON CONFLICT DO NOTHING RETURNING tenant_id, handler, event_id`,
    [0, 1, 2].map((column) => group.map(({ inbox }) => inbox[column])),
  );
  const added = new Set(rows.map(({ tenant_id, handler, event_id }) => `${tenant_id}/${handler}/${event_id}`));
  return ({ inbox: [tenantId, handler, eventId] }) => added.delete(`${tenantId}/${handler}/${eventId.toLowerCase()}`);
}

function byTenant({ origin: a }: HandleEntry, { origin: b }: HandleEntry): number {
  if (a.tenantId === b.tenantId) return 0;
  return a.tenantId < b.tenantId ? -1 : 1;
}
