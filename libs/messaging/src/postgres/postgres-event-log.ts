import type { TopicDefinition } from '@myriad/contracts';
import pg from 'pg';
import { AppendQueue } from '../append-queue.js';
import { checkRecords, checkSubscribeOptions } from '../check-records.js';
import type {
  BatchHandler,
  EventLog,
  NewRecord,
  PartitionLag,
  SubscribeOptions,
  Subscription,
  Tail,
  TailOptions,
} from '../event-log.port.js';
import { GroupMember } from '../group/group-member.js';
import { TailReader, type PartitionEnd, type TailSource } from '../group/tail-reader.js';
import { silentLogger, type MessagingLogger } from '../messaging-logger.js';
import { messagingProblem } from '../messaging-problem.js';
import { unavailable } from '../connection-error.js';
import { appendRecords } from './append-records.js';
import { cleanTopic, maintain } from './maintenance.js';
import { postgresGroup } from './postgres-group.js';
import { readRecords } from './read-records.js';
import { Session } from './session.js';
import { clientOf, connectionConfig, ensureSchema, runStatement, type Sql } from './sql.js';
import { TopicTable } from './topic-table.js';

export interface PostgresEventLogOptions {
  /**
   * `postgres://user:password@host:port/database`, or what gives it: asked for each connection, so that a rotated password is used by the
   * next. The role makes the schema `myriad_log` there if it is missing.
   */
  readonly url: string | (() => string);
  readonly logger?: MessagingLogger;
  /** How long a tombstone stays after the key's older records are gone, milliseconds. Default one day. */
  readonly tombstoneRetentionMs?: number;
  /** Between two runs of retention and compaction, milliseconds; one process of all does it. Default 60,000. */
  readonly maintenanceIntervalMs?: number;
  /** How long an append is tried again while the log is away, milliseconds. Default 15,000. */
  readonly deliveryTimeoutMs?: number;
}

/** Two connections for records and offsets; a third listens. */
const POOL_SIZE = 2;
/** Between two looks for records whose notice was lost, milliseconds. */
const REFRESH_MS = 5_000;

/**
 * The event log in PostgreSQL, shared by processes: durable, ordered, woken by LISTEN/NOTIFY. Three connections a process, which come back by
 * themselves after the server was away.
 */
export class PostgresEventLog implements EventLog {
  private readonly sql: Sql;
  private readonly topics: TopicTable;
  private readonly appends: AppendQueue;
  private readonly members = new Set<{ readonly member: GroupMember; readonly group: string }>();
  private readonly tails = new Set<TailReader>();
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly session: Session;
  private readonly logger: MessagingLogger;
  private closed: Promise<void> | undefined;

  private constructor(
    private readonly pool: pg.Pool,
    private readonly options: PostgresEventLogOptions,
  ) {
    this.logger = options.logger ?? silentLogger;
    this.sql = { query: (statement) => runStatement(pool, statement) };
    this.topics = new TopicTable(this.sql);
    this.appends = new AppendQueue({
      send: appendRecords(this.sql, this.topics),
      deliveryTimeoutMs: options.deliveryTimeoutMs ?? 15_000,
    });
    this.session = new Session({
      url: () => urlOf(options),
      logger: this.logger,
      onNotice: (payload) => {
        this.onNotice(payload);
      },
      onReconnected: () => {
        this.lookAtAll();
      },
    });
  }

  /** Connects, and makes the schema if it is missing. @throws {ProblemError} `messaging.unavailable`. */
  static async open(options: PostgresEventLogOptions): Promise<PostgresEventLog> {
    const settings = { ...connectionConfig(urlOf(options)), max: POOL_SIZE, idleTimeoutMillis: 0 };
    const pool = new pg.Pool({ ...settings, Client: clientOf(() => urlOf(options)) });
    pool.on('error', () => undefined); // an idle connection was lost; the next query makes a new one
    const log = new PostgresEventLog(pool, options);
    try {
      await ensureSchema(pool);
      await log.session.connect();
      await log.topics.load();
    } catch (error) {
      await log.close();
      throw unavailable(error);
    }
    log.startTimers();
    return log;
  }

  async ensureTopics(topics: readonly TopicDefinition[]): Promise<void> {
    await this.topics.load();
    const wanting = topics.filter((topic) => !this.topics.satisfies(topic));
    if (wanting.length === 0) return;
    const unique = [...new Map(wanting.map((topic) => [topic.name, topic])).values()];
    await this.sql.query({ text: 'select log_ensure_topics($1)', values: [JSON.stringify(unique)] });
    await this.topics.load();
  }

  async append(records: readonly NewRecord[]): Promise<void> {
    if (records.length === 0) return;
    checkRecords(records);
    const names = [...new Set(records.map((record) => record.topic))];
    if (!this.topics.has(names)) await this.topics.need(names);
    await this.appends.add(records);
  }

  async subscribe(options: SubscribeOptions, handler: BatchHandler): Promise<Subscription> {
    const checked = checkSubscribeOptions(options);
    this.refuseWhenClosed();
    await this.topics.need(checked.topics);
    const member = new GroupMember({
      backend: postgresGroup(this.session, this.sql, checked),
      handler,
      maxBatch: checked.maxBatch,
      sessionTimeoutMs: checked.sessionTimeoutMs,
      syncIntervalMs: Math.max(200, Math.min(1_250, checked.sessionTimeoutMs / 5)),
      logger: this.logger,
    });
    const entry = { member, group: checked.group };
    this.members.add(entry);
    try {
      await member.start();
    } catch (error) {
      this.members.delete(entry);
      throw error;
    }
    return {
      state: () => member.state(),
      close: async () => {
        await member.close();
        this.members.delete(entry);
      },
    };
  }

  async tail(options: TailOptions): Promise<Tail> {
    this.refuseWhenClosed();
    await this.topics.need(options.topics);
    const source: TailSource = {
      ends: (topics) => this.ends(topics),
      read: (topic, partition, from, max) =>
        readRecords(this.sql, { id: this.topics.idsOf(topic)[partition] as number, topic, partition }, from, max),
    };
    const tail = new TailReader(source, options, await this.ends(options.topics), this.logger);
    this.tails.add(tail);
    return {
      caughtUp: tail.caughtUp,
      close: async () => {
        this.tails.delete(tail);
        await tail.close();
      },
    };
  }

  async lag(group: string, topics: readonly string[]): Promise<readonly PartitionLag[]> {
    const rows = await this.sql.query<{ topic: string; partition: number; committed: string; next_offset: string }>({
      text: `select p.topic, p."partition", coalesce(l.next_offset, 0) as committed, p.next_offset
             from log_partition p left join log_lease l on l.group_name = $1 and l.partition_id = p.id
             where p.topic = any ($2) order by p.topic, p."partition"`,
      values: [group, topics],
    });
    return rows.map(({ topic, partition, committed, next_offset }) => ({
      topic,
      partition,
      committedOffset: BigInt(committed),
      endOffset: BigInt(next_offset),
    }));
  }

  /** Applies the topic's cleanup now: compaction, or for `delete` what is past its retention. */
  async compact(topic: string): Promise<void> {
    await this.topics.need([topic]);
    await cleanTopic(this.sql, this.topics, topic, this.tombstoneRetentionMs);
  }

  async ping(): Promise<void> {
    await this.sql.query({ text: 'select 1' });
  }

  close(): Promise<void> {
    this.closed ??= this.shutDown();
    return this.closed;
  }

  private async shutDown(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    await Promise.all([...this.members].map(({ member }) => member.close()));
    await Promise.all([...this.tails].map((tail) => tail.close()));
    await this.appends.close();
    await this.session.close();
    await this.pool.end();
  }

  private get tombstoneRetentionMs(): number {
    return this.options.tombstoneRetentionMs ?? 86_400_000;
  }

  private refuseWhenClosed(): void {
    if (this.closed) throw messagingProblem('conflict', 'closed', 'the event log is closed');
  }

  private async ends(topics: readonly string[]): Promise<readonly PartitionEnd[]> {
    const rows = await this.sql.query<{ topic: string; partition: number; next_offset: string }>({
      name: 'log_ends',
      text: 'select topic, "partition", next_offset from log_partition where topic = any ($1)',
      values: [topics],
    });
    return rows.map(({ topic, partition, next_offset }) => ({ topic, partition, end: BigInt(next_offset) }));
  }

  private onNotice(payload: string): void {
    const rest = payload.slice(1);
    if (payload.startsWith('r')) this.onRecords(rest);
    else if (payload.startsWith('g')) {
      for (const { member, group } of this.members) if (group === rest) member.groupChanged();
    } else this.lookAtAll();
  }

  private onRecords(ids: string): void {
    const partitions = ids === '' ? [undefined] : ids.split(',').map((id) => this.topics.partition(Number(id)));
    for (const row of partitions) {
      for (const { member } of this.members) member.recordsArrived(row?.topic, row?.partition);
      for (const tail of this.tails) tail.wake(row?.topic, row?.partition);
    }
  }

  /** Topics changed, or notices may have been missed. */
  private lookAtAll(): void {
    this.topics.load().then(
      () => {
        for (const { member } of this.members) member.groupChanged();
        this.refreshTails();
      },
      (error: unknown) => {
        this.logger.warn({ err: error }, 'could not read the topics');
      },
    );
  }

  private refreshTails(): void {
    for (const tail of this.tails)
      tail.refresh().catch((error: unknown) => {
        this.logger.debug({ err: error }, 'could not look where the topics end');
      });
  }

  private startTimers(): void {
    const { maintenanceIntervalMs: intervalMs = 60_000 } = this.options;
    const refresh = setInterval(() => {
      this.refreshTails();
    }, REFRESH_MS);
    const clean = setInterval(() => {
      const options = { intervalMs, tombstoneRetentionMs: this.tombstoneRetentionMs };
      maintain(this.pool, this.topics, options).catch((error: unknown) => {
        this.logger.warn({ err: error }, 'retention and compaction failed, will be tried again');
      });
    }, intervalMs);
    for (const timer of [refresh, clean]) this.timers.push(timer.unref());
  }
}

function urlOf({ url }: PostgresEventLogOptions): string {
  return typeof url === 'string' ? url : url();
}
