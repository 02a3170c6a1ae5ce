import type { TopicDefinition } from '@myriad/contracts';
import type { NewRecord, PartitionLag, StoredRecord } from '../event-log.port.js';
import type { PartitionEnd } from '../group/tail-reader.js';
import { messagingProblem } from '../messaging-problem.js';
import { partitionOf } from '../partition-of.js';
import { MemoryGroup } from './memory-group.js';

/** One partition: its records in offset order, and where it ends. */
export interface MemoryPartition {
  readonly topic: string;
  readonly partition: number;
  end: bigint;
  records: StoredRecord[];
}

/** Hears of appended records. */
export type RecordListener = (topic: string, partition: number) => void;

export interface MemoryBrokerOptions {
  /** How long a tombstone stays after the key's older records are gone, milliseconds. Default one day. */
  readonly tombstoneRetentionMs?: number;
}

/** Topics and groups in memory; what several `MemoryEventLog`s of one process share, as processes share a server. */
export class MemoryBroker {
  private readonly topics = new Map<string, { definition: TopicDefinition; readonly partitions: MemoryPartition[] }>();
  private readonly groups = new Map<string, MemoryGroup>();
  readonly listeners = new Set<RecordListener>();

  constructor(private readonly options: MemoryBrokerOptions = {}) {}

  ensureTopic(definition: TopicDefinition): void {
    const topic = this.topics.get(definition.name) ?? { definition, partitions: [] };
    this.topics.set(definition.name, topic);
    topic.definition = definition;
    for (let partition = topic.partitions.length; partition < definition.partitions; partition += 1)
      topic.partitions.push({ topic: definition.name, partition, end: 0n, records: [] });
    for (const group of this.groups.values()) group.changed();
  }

  /** @throws {ProblemError} `messaging.unknown_topic`. */
  partitionsOf(topic: string): readonly MemoryPartition[] {
    const found = this.topics.get(topic);
    if (!found) throw messagingProblem('not-found', 'unknown_topic', `there is no topic '${topic}'`);
    return found.partitions;
  }

  group(name: string): MemoryGroup {
    const group = this.groups.get(name) ?? new MemoryGroup(this);
    this.groups.set(name, group);
    return group;
  }

  append(records: readonly NewRecord[]): void {
    const targets = records.map((record) => {
      const partitions = this.partitionsOf(record.topic);
      return partitions[partitionOf(record.key, partitions.length)] as MemoryPartition;
    });
    const touched = new Set<MemoryPartition>();
    const timestampMs = Date.now();
    for (const [index, target] of targets.entries()) {
      const record = records[index] as NewRecord;
      target.records.push({ ...record, partition: target.partition, offset: target.end, timestampMs });
      target.end += 1n;
      touched.add(target);
    }
    for (const { topic, partition } of touched) for (const listener of this.listeners) listener(topic, partition);
  }

  read(topic: string, partition: number, from: bigint, max: number): readonly StoredRecord[] {
    const records = this.partitionsOf(topic)[partition]?.records ?? [];
    let low = 0;
    let high = records.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((records[middle] as StoredRecord).offset < from) low = middle + 1;
      else high = middle;
    }
    return records.slice(low, low + max);
  }

  ends(topics: readonly string[]): readonly PartitionEnd[] {
    return topics.flatMap((topic) => this.partitionsOf(topic).map(({ partition, end }) => ({ topic, partition, end })));
  }

  lag(group: string, topics: readonly string[]): readonly PartitionLag[] {
    return this.ends(topics).map(({ topic, partition, end }) => ({
      topic,
      partition,
      committedOffset: this.groups.get(group)?.committed(topic, partition) ?? 0n,
      endOffset: end,
    }));
  }

  /** Keeps the newest record of each key, or drops what is older than the topic's retention. */
  compact(topic: string): void {
    const partitions = this.partitionsOf(topic);
    const definition = this.topics.get(topic)?.definition;
    const { tombstoneRetentionMs = 86_400_000 } = this.options;
    const nowMs = Date.now();
    for (const target of partitions) {
      if (definition?.cleanup === 'compact') {
        const newest = new Map(target.records.map((record) => [record.key, record.offset]));
        target.records = target.records.filter(
          ({ key, value, offset, timestampMs }) =>
            newest.get(key) === offset && (value !== null || nowMs - timestampMs < tombstoneRetentionMs),
        );
      } else {
        const oldestMs = nowMs - (definition?.retentionMs ?? Infinity);
        target.records = target.records.filter((record) => record.timestampMs >= oldestMs);
      }
    }
  }
}
