import { atMost } from '@myriad/kernel';
import { counter } from '@myriad/telemetry';
import type { Database } from './database.js';
import { OutboxSession, type OutboxRecord } from './outbox-session.js';
import type { PersistenceLogger } from './persistence-logger.js';

export interface OutboxRelayOptions {
  readonly database: Database;
  /** Appends all records in order and resolves when they are durable: `(records) => log.append(records)`. */
  readonly append: (records: readonly OutboxRecord[]) => Promise<void>;
  readonly logger: PersistenceLogger;
  /** Look without being woken this often, milliseconds. Default 1,000. */
  readonly pollMs?: number;
  /** Events a batch, 1–500. Default 500. */
  readonly batchSize?: number;
  /** How long handled event ids are remembered, days; longer than any topic keeps its events. Default 45. */
  readonly inboxDays?: number;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5_000;
const HOUR_MS = 3_600_000;
/** Events that come this soon after a small batch go together: each batch costs the log and its readers about as much as ten events. */
const LINGER_MS = 2;
/** How long the batch in hand is waited for at the end, milliseconds: the log may be away, and nothing is lost with it. */
const STOP_MS = 3_000;
const FLUSH_TIMEOUT_MS = 10_000;
const FLUSH_POLL_MS = 10;

const relayed = counter('myriad_outbox_relayed_total', 'Events handed to the event log');
const failures = counter('myriad_outbox_failures_total', 'Attempts to hand events to the event log that failed');

/**
 * Hands committed events to the event log, at least once, in the order of commits per key. One relay works for a database at a time,
 * whichever process it is in; the others stand by. Outages of the log or the database are waited out.
 */
export class OutboxRelay {
  private readonly options: Required<OutboxRelayOptions>;
  private running: Promise<void> | undefined;
  private isStopping = false;
  private endPause: (() => void) | undefined;
  private prunedAtMs = 0;
  private leads = false;

  constructor(options: OutboxRelayOptions) {
    this.options = { pollMs: 1_000, batchSize: 500, inboxDays: 45, ...options };
  }

  /** Whether this process relays; the others of the same database stand by. */
  get isLeader(): boolean {
    return this.leads;
  }

  /** Starts in the background; a second call does nothing. */
  start(): void {
    if (this.running !== undefined) return;
    this.isStopping = false;
    this.running = this.work();
  }

  /** Ends after the batch in hand, or after three seconds; what is left is relayed by another process or after the next start. */
  async stop(): Promise<void> {
    this.isStopping = true;
    this.options.database.outboxWake.ring();
    this.endPause?.();
    if (!(await atMost(STOP_MS, this.running)))
      this.options.logger.warn({}, 'the event log did not answer before the end; the outbox keeps the events');
    this.running = undefined;
  }

  /** Resolves when everything that was committed before the call is in the log. @throws {Error} after 10 s */
  async flush(): Promise<void> {
    const { database } = this.options;
    const session = await OutboxSession.open(database.url, () => undefined);
    try {
      const last = await session.lastId();
      const deadline = Date.now() + FLUSH_TIMEOUT_MS;
      while (last !== undefined && (await session.hasUpTo(last))) {
        if (Date.now() > deadline) throw new Error(`the outbox was not empty within ${FLUSH_TIMEOUT_MS} ms`);
        database.outboxWake.ring();
        await new Promise((resolve) => setTimeout(resolve, FLUSH_POLL_MS));
      }
    } finally {
      await session.close();
    }
  }

  private async work(): Promise<void> {
    const { database, logger } = this.options;
    let pauseMs = FIRST_PAUSE_MS;
    while (!this.isStopping) {
      let session: OutboxSession | undefined;
      try {
        session = await OutboxSession.open(database.url, () => {
          database.outboxWake.ring();
        });
        pauseMs = FIRST_PAUSE_MS;
        await this.serve(session);
      } catch (error) {
        logger.warn({ err: error, pauseMs }, 'the outbox relay lost the database');
        await this.pause(pauseMs);
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      } finally {
        this.leads = false;
        await session?.close();
      }
    }
  }

  private async serve(session: OutboxSession): Promise<void> {
    const { database, pollMs, inboxDays } = this.options;
    let isWoken = true;
    while (!this.isStopping) {
      this.leads = await session.lead();
      if (this.leads) {
        await this.drain(session);
        if (Date.now() - this.prunedAtMs > HOUR_MS) {
          this.prunedAtMs = Date.now();
          await session.prune(inboxDays);
        }
      } else if (isWoken) await session.tellLeader();
      isWoken = await database.outboxWake.wait(pollMs);
    }
  }

  /** Relays until the outbox is empty. An append that fails is tried again for ever, with growing pauses; nothing overtakes it. */
  private async drain(session: OutboxSession): Promise<void> {
    const { append, batchSize, logger } = this.options;
    let pauseMs = FIRST_PAUSE_MS;
    let { ids, records } = await session.head(batchSize);
    while (ids.length > 0 && !this.isStopping) {
      try {
        await append(records);
      } catch (error) {
        failures.add();
        logger.warn({ err: error, events: ids.length, pauseMs }, 'the event log took no events');
        await this.pause(pauseMs * (0.5 + Math.random() / 2));
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
        continue;
      }
      pauseMs = FIRST_PAUSE_MS;
      relayed.add(ids.length);
      if (ids.length < batchSize) await this.pause(LINGER_MS);
      ({ ids, records } = await session.next(ids, batchSize));
    }
  }

  private async pause(ms: number): Promise<void> {
    if (this.isStopping) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.endPause = undefined;
  }
}
