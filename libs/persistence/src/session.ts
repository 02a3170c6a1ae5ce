import type { Duplex } from 'node:stream';
import type { PoolClient, QueryResult } from 'pg';
import type { EntityManager, QueryRunner } from 'typeorm';
import type { Database } from './database.js';
import { LOCK_CLASS } from './advisory-lock.js';
import { outboxBucketOf, type OutboxEvent } from './outbox-event.js';
import { ACROSS_TENANTS, TENANT_SETTING } from './tenant-table.js';

export type Isolation = 'READ COMMITTED' | 'REPEATABLE READ' | 'SERIALIZABLE';

/** Columns of the outbox in the order of its INSERT. */
const OUTBOX_COLUMNS = ['tenantId', 'topic', 'key', 'eventId', 'type', 'event'] as const;

/**
 * A pooled connection while one transaction has it. Statements whose answers nobody waits for (BEGIN, the scope, the outbox, COMMIT) travel
 * with the one that follows: a transaction of one statement costs two round trips, not five.
 */
export class Session {
  /** What was sent and not waited for; the first fault among them is the transaction's. */
  private readonly sent: Promise<unknown>[] = [];
  private isHeld = false;
  /** The tenant in whose scope the next statement is. */
  private scope: string | undefined;

  private constructor(
    private readonly runner: QueryRunner,
    private readonly client: PoolClient,
    private readonly database: Database,
  ) {}

  /**
   * Runs `work` in a transaction on a connection of the pool.
   * @throws what `work` throws, or the first fault of the database; then nothing is done
   */
  static async transact<T>(
    database: Database,
    work: (session: Session) => Promise<T>,
    isolation: Isolation = 'READ COMMITTED',
  ): Promise<T> {
    const runner = database.dataSource.createQueryRunner();
    try {
      const session = new Session(runner, (await runner.connect()) as PoolClient, database);
      return await session.commitAfter(() => work(session), isolation);
    } finally {
      await runner.release();
    }
  }

  get manager(): EntityManager {
    return this.runner.manager;
  }

  /** From here on the transaction sees and writes this tenant's rows; nothing is sent when it does already. */
  setScope(tenantId: string, statementTimeoutMs: number): void {
    if (tenantId === this.scope) return;
    this.scope = tenantId;
    this.send(`SELECT set_config('${TENANT_SETTING}', $1, true), set_config('statement_timeout', $2, true)`, [
      tenantId,
      String(statementTimeoutMs),
    ]);
  }

  /** @throws the database's fault with this statement, or with one that was sent before it */
  async query<T>(text: string, values: readonly unknown[] = []): Promise<T[]> {
    const answer = this.ask(text, values);
    await this.answered(answer);
    return (await answer).rows as T[];
  }

  /**
   * Writes the events, last of all before the commit. Writers of one key wait for each other here until the other has committed,
   * so ids of one key grow in the order of commits and the relay never sees a later one first. An id is given only when all locks are taken:
   * the count of them is joined, and read.
   */
  writeEvents(events: readonly OutboxEvent[]): void {
    if (events.length === 0) return;
    const buckets = [...new Set(events.map(outboxBucketOf))].sort((a, b) => a - b);
    if (events.some(({ tenantId }) => tenantId !== this.scope) && this.scope !== ACROSS_TENANTS)
      this.setScope(ACROSS_TENANTS, this.database.statementTimeoutMs);
    this.send(
      `INSERT INTO outbox (tenant_id, topic, key, event_id, type, event)
       SELECT event.*
       FROM (SELECT count(pg_advisory_xact_lock($7, bucket)) AS taken FROM unnest($8::int[]) AS bucket) AS locks,
            unnest($1::text[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::text[]) AS event
       WHERE locks.taken >= 0`,
      [...OUTBOX_COLUMNS.map((column) => events.map((event) => event[column])), LOCK_CLASS, buckets],
    );
  }

  private async commitAfter<T>(work: () => Promise<T>, isolation: Isolation): Promise<T> {
    // TypeORM's own writes would else begin, and commit, transactions of theirs.
    Object.assign(this.runner, { isTransactionActive: true });
    this.send(`BEGIN ISOLATION LEVEL ${isolation}`);
    try {
      const result = await work();
      await this.commit();
      return result;
    } catch (error) {
      await this.client.query('ROLLBACK').catch(() => undefined);
      throw error;
    } finally {
      Object.assign(this.runner, { isTransactionActive: false });
    }
  }

  private async commit(): Promise<void> {
    const answer = this.ask('COMMIT');
    await this.answered(answer);
    if ((await answer).command !== 'COMMIT')
      throw new Error('the transaction was rolled back: one of its statements had failed, and its work went on');
  }

  private send(text: string, values?: readonly unknown[]): void {
    const answer = this.ask(text, values);
    answer.catch(() => undefined);
    this.sent.push(answer);
  }

  private ask(text: string, values?: readonly unknown[]): Promise<QueryResult> {
    this.hold();
    if (values === undefined) return this.client.query(text);
    return this.client.query({ name: this.database.statements.nameOf(text), text, values: [...values] });
  }

  /** Waits for all that was sent, in its order, and for this. */
  private async answered(last: Promise<unknown>): Promise<void> {
    await Promise.all([...this.sent.splice(0), last]).catch((error: unknown) => {
      this.database.statements.heed(error);
      throw error;
    });
  }

  /** What is asked from here until the work has to wait for something is written to the socket at once. */
  private hold(): void {
    if (this.isHeld) return;
    this.isHeld = true;
    const { stream } = this.client.connection as { stream: Duplex };
    stream.cork();
    queueMicrotask(() => {
      process.nextTick(() => {
        this.isHeld = false;
        stream.uncork();
      });
    });
  }
}
