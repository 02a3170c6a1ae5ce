import type { TopicDefinition } from '@myriad/contracts';
import { messagingProblem } from '../messaging-problem.js';
import { partitionOf } from '../partition-of.js';
import type { Sql } from './sql.js';

/** A partition as the database numbers it. */
export interface PartitionRow {
  readonly id: number;
  readonly topic: string;
  readonly partition: number;
}

interface TopicRow {
  readonly topic: string;
  readonly cleanup: 'compact' | 'delete';
  readonly retention_ms: string | null;
  readonly ids: number[];
}

/** The topics of the log as they were last read; read again when a notice says that they changed, or when one is missing. */
export class TopicTable {
  private topics = new Map<string, TopicRow>();
  private byId = new Map<number, PartitionRow>();
  private loading: Promise<void> | undefined;

  constructor(private readonly sql: Sql) {}

  /** Reads the table; calls at the same time share one read. */
  load(): Promise<void> {
    this.loading ??= this.read().finally(() => {
      this.loading = undefined;
    });
    return this.loading;
  }

  partition(id: number): PartitionRow | undefined {
    return this.byId.get(id);
  }

  has(topics: readonly string[]): boolean {
    return topics.every((topic) => this.topics.has(topic));
  }

  /** @throws {ProblemError} `messaging.unknown_topic`. */
  async need(topics: readonly string[]): Promise<void> {
    if (!this.has(topics)) await this.load();
    const missing = topics.find((topic) => !this.topics.has(topic));
    if (missing !== undefined) throw messagingProblem('not-found', 'unknown_topic', `there is no topic '${missing}'`);
  }

  /** The partition's number for a key of a known topic. */
  idFor(topic: string, key: string): number {
    const ids = this.topics.get(topic)?.ids ?? [];
    return ids[partitionOf(key, ids.length)] as number;
  }

  idsOf(topic: string): readonly number[] {
    return this.topics.get(topic)?.ids ?? [];
  }

  cleanupOf(topic: string): { readonly cleanup: 'compact' | 'delete'; readonly retentionMs: number | undefined } {
    const row = this.topics.get(topic);
    const retention = row?.retention_ms;
    return { cleanup: row?.cleanup ?? 'delete', retentionMs: retention == null ? undefined : Number(retention) };
  }

  /** Whether the topic is there with these settings (it may have more partitions). */
  satisfies({ name, partitions, cleanup, retentionMs }: TopicDefinition): boolean {
    const row = this.topics.get(name);
    return (
      row !== undefined &&
      row.ids.length >= partitions &&
      row.cleanup === cleanup &&
      this.cleanupOf(name).retentionMs === retentionMs
    );
  }

  names(): readonly string[] {
    return [...this.topics.keys()];
  }

  private async read(): Promise<void> {
    const rows = await this.sql.query<TopicRow>({
      text: `select t.topic, t.cleanup, t.retention_ms, array_agg(p.id order by p."partition") as ids
             from log_topic t join log_partition p on p.topic = t.topic group by t.topic`,
    });
    this.topics = new Map(rows.map((row) => [row.topic, row]));
    this.byId = new Map(
      rows.flatMap(({ topic, ids }) => ids.map((id, partition) => [id, { id, topic, partition }] as const)),
    );
  }
}
