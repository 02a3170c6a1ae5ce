import pg from 'pg';
import { isError } from '../connection-error.js';
import { backOffMs, pause } from '../group/gate.js';
import type { MessagingLogger } from '../messaging-logger.js';
import { messagingProblem } from '../messaging-problem.js';
import { LIFE_LOCK, SCHEMA_NAME } from './schema.js';
import { connectionConfig, runStatement, type Sql, type Statement } from './sql.js';

export interface SessionOptions {
  /** Asked for each connection. */
  readonly url: () => string;
  readonly logger: MessagingLogger;
  /** A notice: see the schema for what they say. */
  readonly onNotice: (payload: string) => void;
  /** Connected again after a loss: notices may have been missed. */
  readonly onReconnected: () => void;
}

/**
 * The process's one connection that listens. It holds the advisory lock by which others see that the process lives, and heartbeats go through
 * it, so that a dead connection is noticed. It connects again, for ever, when it is lost.
 */
export class Session implements Sql {
  private client: pg.Client | undefined;
  private processNumber = 0;
  private readonly closing = new AbortController();
  private reconnecting: Promise<void> | undefined;
  private lastQuery: Promise<void> = Promise.resolve();

  constructor(private readonly options: SessionOptions) {}

  /** The second key of the life lock; new with each connection. */
  get process(): number {
    return this.processNumber;
  }

  async connect(): Promise<void> {
    const client = new pg.Client(connectionConfig(this.options.url()));
    client.on('error', () => undefined); // `end` follows
    client.on('end', () => {
      this.lost(client);
    });
    client.on('notification', ({ payload }) => {
      if (payload !== undefined) this.options.onNotice(payload);
    });
    try {
      await client.connect();
      const { rows } = await client.query<{ process: number }>("select nextval('log_process')::int as process");
      const process = rows[0]?.process ?? 0;
      await client.query(`select pg_advisory_lock(${LIFE_LOCK}, ${process})`);
      await client.query(`listen ${SCHEMA_NAME}`);
      this.processNumber = process;
      this.client = client;
    } catch (error) {
      void client.end().catch(() => undefined);
      throw error;
    }
  }

  /** One statement at a time; others wait for their turn. */
  query<T>(statement: Statement): Promise<readonly T[]> {
    const answer = this.lastQuery.then(() => this.queryNow<T>(statement));
    this.lastQuery = answer.then(
      () => undefined,
      () => undefined,
    );
    return answer;
  }

  private async queryNow<T>(statement: Statement): Promise<readonly T[]> {
    const client = this.client;
    if (!client) throw messagingProblem('unavailable', 'unavailable', "the event log can't be reached: not connected");
    try {
      return await runStatement<T>(client, statement);
    } catch (error) {
      // A statement that gets no answer blocks all behind it: better a new connection.
      if (isError(error) && error.message.includes('timeout')) this.abandon(client);
      throw error;
    }
  }

  async close(): Promise<void> {
    this.closing.abort();
    await this.reconnecting;
    const client = this.client;
    this.client = undefined;
    await client?.end().catch(() => undefined);
  }

  private abandon(client: pg.Client): void {
    void client.end().catch(() => undefined);
    this.lost(client);
  }

  private lost(client: pg.Client): void {
    if (this.client !== client || this.closing.signal.aborted) return;
    this.client = undefined;
    this.options.logger.warn({}, 'lost the connection to the event log');
    this.reconnecting ??= this.reconnect();
  }

  private async reconnect(): Promise<void> {
    for (let failures = 1; this.shouldReconnect(); failures += 1) {
      await pause(backOffMs(failures), this.closing.signal);
      if (!this.shouldReconnect()) break;
      try {
        await this.connect();
        this.options.logger.info({ attempts: failures }, 'connected to the event log again');
        this.options.onReconnected();
      } catch (error) {
        this.options.logger.debug({ err: error, failures }, 'the event log is still away');
      }
    }
    this.reconnecting = undefined;
  }

  private shouldReconnect(): boolean {
    return this.client === undefined && !this.closing.signal.aborted;
  }
}
