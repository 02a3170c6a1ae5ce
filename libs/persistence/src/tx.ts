import { createHash } from 'node:crypto';
import type { EventData, EventDefinition } from '@myriad/contracts';
import type { TenantId } from '@myriad/kernel';
import type { EntityManager, EntityTarget, ObjectLiteral, Repository } from 'typeorm';
import { LOCKS, LOCK_CLASS } from './advisory-lock.js';
import { outboxEvent, type EventOrigin, type OutboxEvent } from './outbox-event.js';
import { ACROSS_TENANTS } from './tenant-table.js';

/** How {@link Tx.emit} may differ from the transaction's own context. */
export interface EmitOptions {
  /** Whose event it is; needed in work across tenants, and only allowed there. */
  readonly tenantId?: string;
  /** The event that this one follows from, when it is not the one being handled. */
  readonly causationId?: string;
}

/** One transaction in one tenant's scope (or across tenants). Every store method takes it as its first argument. */
export interface Tx {
  /** The tenant whose rows are seen and written; `*` in work across tenants. */
  readonly tenantId: TenantId;
  readonly manager: EntityManager;
  repo<T extends ObjectLiteral>(row: EntityTarget<T>): Repository<T>;
  /** Runs a statement with `$1…` parameters; gives its rows, also of UPDATE and DELETE with RETURNING. */
  query<T = Record<string, unknown>>(sql: string, parameters?: readonly unknown[]): Promise<T[]>;
  /** Publishes an event when, and only when, the transaction commits. @throws {ProblemError} `persistence.event_invalid` */
  emit<D extends EventDefinition>(definition: D, data: EventData<D>, options?: EmitOptions): Promise<void>;
  /** Runs after the commit, not at all after a rollback. Its errors are logged, not thrown. */
  afterCommit(fn: () => void | Promise<void>): void;
}

/** {@link Tx} over a TypeORM transaction. */
export class OpenTx implements Tx {
  readonly afterCommits: (() => void | Promise<void>)[] = [];
  private readonly events: OutboxEvent[] = [];

  constructor(
    readonly manager: EntityManager,
    private readonly origin: EventOrigin,
  ) {}

  get tenantId(): TenantId {
    return this.origin.tenantId as TenantId;
  }

  get hasEvents(): boolean {
    return this.events.length > 0;
  }

  repo<T extends ObjectLiteral>(row: EntityTarget<T>): Repository<T> {
    return this.manager.getRepository(row);
  }

  async query<T = Record<string, unknown>>(sql: string, parameters: readonly unknown[] = []): Promise<T[]> {
    const runner = this.manager.queryRunner;
    if (runner === undefined) throw new Error('the transaction has ended');
    return (await runner.query(sql, [...parameters], true)).records as T[];
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- asynchronous by contract: the row is written before the commit
  async emit<D extends EventDefinition>(definition: D, data: EventData<D>, options: EmitOptions = {}): Promise<void> {
    const { tenantId = this.origin.tenantId, causationId = this.origin.causationId } = options;
    if (tenantId === (ACROSS_TENANTS as string))
      throw new TypeError(`${definition.type} needs options.tenantId in work across tenants`);
    if (this.origin.tenantId !== ACROSS_TENANTS && tenantId !== this.origin.tenantId)
      throw new TypeError(
        `${definition.type} of tenant '${tenantId}' can't be emitted in the scope of '${this.origin.tenantId}'`,
      );
    this.events.push(outboxEvent(definition, data, { tenantId, causationId, traceparent: this.origin.traceparent }));
  }

  afterCommit(fn: () => void | Promise<void>): void {
    this.afterCommits.push(fn);
  }

  /**
   * Writes the events, last of all before the commit. Writers of one key wait for each other here until the other has committed,
   * so ids of one key grow in the order of commits and the relay never sees a later one first.
   */
  async writeEvents(): Promise<void> {
    if (!this.hasEvents) return;
    const buckets = [...new Set(this.events.map(bucketOf))].sort((a, b) => a - b);
    await this.query('SELECT pg_advisory_xact_lock($1, bucket) FROM unnest($2::int[]) AS bucket', [
      LOCK_CLASS,
      buckets,
    ]);
    const columns = ['tenantId', 'topic', 'key', 'eventId', 'type', 'event'] as const;
    await this.query(
      `INSERT INTO outbox (tenant_id, topic, key, event_id, type, event)
       SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::text[])`,
      columns.map((column) => this.events.map((event) => event[column])),
    );
  }
}

function bucketOf({ topic, key }: OutboxEvent): number {
  return createHash('sha1').update(`${topic}\0${key}`).digest().readUInt8(0) % LOCKS.outboxBuckets;
}
