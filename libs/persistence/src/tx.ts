import type { EventData, EventDefinition } from '@myriad/contracts';
import type { TenantId } from '@myriad/kernel';
import type { EntityManager, EntityTarget, ObjectLiteral, Repository } from 'typeorm';
import { outboxEvent, type EventOrigin, type OutboxEvent } from './outbox-event.js';
import type { Session } from './session.js';
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

/** {@link Tx} in a session's transaction. */
export class OpenTx implements Tx {
  readonly afterCommits: (() => void | Promise<void>)[] = [];
  readonly events: OutboxEvent[] = [];

  constructor(
    private readonly session: Session,
    private readonly origin: EventOrigin,
  ) {}

  get manager(): EntityManager {
    return this.session.manager;
  }

  get tenantId(): TenantId {
    return this.origin.tenantId as TenantId;
  }

  repo<T extends ObjectLiteral>(row: EntityTarget<T>): Repository<T> {
    return this.manager.getRepository(row);
  }

  query<T = Record<string, unknown>>(sql: string, parameters: readonly unknown[] = []): Promise<T[]> {
    return this.session.query(sql, parameters);
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
}
