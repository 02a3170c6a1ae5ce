import { Client } from 'pg';
import { LOCKS, LOCK_CLASS } from './advisory-lock.js';
import { ANSWER_GRACE_MS, CONNECT_TIMEOUT_MS } from './database.js';
import { ACROSS_TENANTS, TENANT_SETTING } from './tenant-table.js';

/** A record for the event log; `NewRecord` of the messaging library has the same form. */
export interface OutboxRecord {
  readonly topic: string;
  readonly key: string;
  /** A CloudEvent in structured JSON. */
  readonly value: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

interface Row {
  readonly id: string;
  readonly topic: string;
  readonly key: string;
  readonly event_id: string;
  readonly type: string;
  readonly event: string;
}

/** What stands at the head of the outbox. */
export interface PendingBatch {
  readonly ids: readonly string[];
  readonly records: readonly OutboxRecord[];
}

const CHANNEL = 'myriad_outbox';
/** A batch holds at least one event and at most about this much text. */
const MAX_BATCH_BYTES = 4 * 1_048_576;
const STATEMENT_TIMEOUT_MS = 30_000;

/** The trace that made the event, without parsing all of it: the envelope's members come before its data, and no quoted text can look like one. */
function traceparentOf(event: string): { traceparent?: string } {
  const traceparent = /"traceparent":"([0-9a-f-]{55})"/.exec(event.slice(0, event.indexOf('"data":')))?.[1];
  return traceparent === undefined ? {} : { traceparent };
}

/** One connection of the relay: it holds the database's relay lock while it lives, and hears other processes' commits. */
export class OutboxSession {
  private isLeader = false;
  private fault: Error | undefined;

  private constructor(private readonly client: Client) {}

  static async open(url: string, onWake: () => void): Promise<OutboxSession> {
    const client = new Client({
      connectionString: url,
      application_name: 'outbox-relay',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      query_timeout: STATEMENT_TIMEOUT_MS + ANSWER_GRACE_MS,
      keepAlive: true,
      pipeline: true,
    });
    const session = new OutboxSession(client);
    client.on('error', (error) => {
      session.fault = error;
      onWake();
    });
    client.on('notification', onWake);
    await client.connect();
    await client.query(`SELECT set_config('${TENANT_SETTING}', '${ACROSS_TENANTS}', false)`);
    return session;
  }

  /** Whether this session relays; the lock goes to another when this one ends. @throws when the connection is lost */
  async lead(): Promise<boolean> {
    if (this.fault !== undefined) throw this.fault;
    if (this.isLeader) return true;
    const { rows } = await this.client.query<{ got: boolean }>('SELECT pg_try_advisory_lock($1, $2) AS got', [
      LOCK_CLASS,
      LOCKS.relay,
    ]);
    if (rows[0]?.got !== true) return false;
    // Only the leader listens: those who stand by would wake each other for ever.
    await this.client.query(`LISTEN ${CHANNEL}`);
    this.isLeader = true;
    return true;
  }

  /** Tells the process that leads of a commit of this one. */
  async tellLeader(): Promise<void> {
    await this.client.query(`NOTIFY ${CHANNEL}`);
  }

  /** The oldest events, in the order of their commits. */
  async head(limit: number): Promise<PendingBatch> {
    const { rows } = await this.client.query<Row>({
      name: 'head',
      text: `SELECT id, topic, key, event_id, type, event
       FROM (SELECT *, sum(octet_length(event)) OVER (ORDER BY id) - octet_length(event) AS bytes_before
             FROM outbox ORDER BY id LIMIT $1) AS pending
       WHERE bytes_before < $2 ORDER BY id`,
      values: [limit, MAX_BATCH_BYTES],
    });
    return {
      ids: rows.map((row) => row.id),
      records: rows.map(({ topic, key, event_id, type, event }) => ({
        topic,
        key,
        value: Buffer.from(event),
        headers: {
          'content-type': 'application/cloudevents+json',
          ce_id: event_id,
          ce_type: type,
          ...traceparentOf(event),
        },
      })),
    };
  }

  /** Removes what is relayed and gives what stands behind it. */
  async next(relayed: readonly string[], limit: number): Promise<PendingBatch> {
    const text = 'DELETE FROM outbox WHERE id = ANY($1::bigint[])';
    const removed = this.client.query({ name: 'remove', text, values: [relayed] });
    const [, head] = await Promise.all([removed, this.head(limit)]);
    return head;
  }

  /** The newest event that is there; undefined when there is none. */
  async lastId(): Promise<string | undefined> {
    const { rows } = await this.client.query<{ id: string | null }>('SELECT max(id) AS id FROM outbox');
    return rows[0]?.id ?? undefined;
  }

  async hasUpTo(lastId: string): Promise<boolean> {
    const { rows } = await this.client.query<{ has: boolean }>(
      'SELECT EXISTS (SELECT FROM outbox WHERE id <= $1) AS has',
      [lastId],
    );
    return rows[0]?.has === true;
  }

  /** Removes what is remembered for longer than anything can be sent again. */
  async prune(inboxDays: number): Promise<void> {
    await this.client.query(`DELETE FROM inbox WHERE handled_at < now() - $1 * interval '1 day'`, [inboxDays]);
    for (const table of ['idempotency', 'idempotency_step'])
      await this.client.query(`DELETE FROM ${table} WHERE expires_at < now()`);
  }

  /** Ends the connection, waiting for it no longer than a second. */
  async close(): Promise<void> {
    const ended = this.client.end().catch(() => undefined);
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([ended, new Promise((resolve) => (timer = setTimeout(resolve, 1_000)))]);
    clearTimeout(timer);
  }
}
