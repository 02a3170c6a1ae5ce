import type { Admin } from '@platformatic/kafka';
import { groupBy } from '../../group-by.js';
import type { KafkaAdmin, KafkaTopic, PartitionBounds } from '../kafka-client.port.js';

/** Kafka's numbers: a topic among the things that have settings, setting a value, and the two ends of a partition as times. */
const TOPIC_RESOURCE = 2;
const SET = 0;
const EARLIEST = -2n;
const LATEST = -1n;

/** {@link KafkaAdmin} through @platformatic/kafka. */
export class PlatformaticAdmin implements KafkaAdmin {
  constructor(private readonly admin: Admin) {}

  topicNames(): Promise<readonly string[]> {
    return this.admin.listTopics();
  }

  async partitionCounts(topics: readonly string[]): Promise<readonly { name: string; partitions: number }[]> {
    const metadata = await this.admin.metadata({ topics: [...topics], forceUpdate: true });
    return [...metadata.topics].map(([name, { partitionsCount }]) => ({ name, partitions: partitionsCount }));
  }

  async createTopics(topics: readonly KafkaTopic[], replication: number): Promise<void> {
    // The settings of a call are for all of its topics: one call for those that have the same.
    const groups = groupBy(topics, ({ settings }) => JSON.stringify(settings));
    for (const alike of groups.values())
      await this.admin
        .createTopics({
          topics: alike.map(({ name, partitions }) => ({ topic: name, partitions, replicas: replication })),
          configs: Object.entries(alike[0]?.settings ?? {}).map(([name, value]) => ({ name, value })),
        })
        .catch((error: unknown) => {
          // Another process was faster.
          if (!/TOPIC_ALREADY_EXISTS|already exists/.test(wordsOf(error))) throw error;
        });
  }

  async growTopics(topics: readonly KafkaTopic[]): Promise<void> {
    await this.admin.createPartitions({
      topics: topics.map(({ name, partitions }) => ({ name, count: partitions, assignments: null })),
      validateOnly: false,
    });
  }

  async settings(
    topics: readonly string[],
    names: readonly string[],
  ): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
    const found = await this.admin.describeConfigs({
      resources: topics.map((name) => ({
        resourceType: TOPIC_RESOURCE,
        resourceName: name,
        configurationKeys: [...names],
      })),
    });
    return new Map(
      found.map(({ resourceName, configs }) => [
        resourceName,
        new Map(configs.map(({ name, value }) => [name, value ?? ''])),
      ]),
    );
  }

  async changeSettings(topics: readonly KafkaTopic[]): Promise<void> {
    await this.admin.incrementalAlterConfigs({
      resources: topics.map(({ name, settings }) => ({
        resourceType: TOPIC_RESOURCE,
        resourceName: name,
        configs: Object.entries(settings).map(([setting, value]) => ({
          name: setting,
          value,
          configOperation: SET,
        })),
      })),
    });
  }

  async bounds(topic: string): Promise<readonly PartitionBounds[]> {
    const [low, end] = await Promise.all([this.offsets(topic, EARLIEST), this.offsets(topic, LATEST)]);
    return [...end].map(([partition, offset]) => ({ topic, partition, end: offset, low: low.get(partition) ?? 0n }));
  }

  async committed(group: string, topics: readonly string[]): Promise<ReadonlyMap<string, bigint>> {
    const metadata = await this.admin.metadata({ topics: [...topics] });
    const named = [...metadata.topics].map(([name, { partitionsCount }]) => ({
      name,
      partitionIndexes: Array.from({ length: partitionsCount }, (_, index) => index),
    }));
    const [found] = await this.admin.listConsumerGroupOffsets({ groups: [{ groupId: group, topics: named }] });
    const committed = new Map<string, bigint>();
    for (const { name, partitions } of found?.topics ?? [])
      for (const { partitionIndex, committedOffset } of partitions)
        if (committedOffset >= 0n) committed.set(`${name}/${partitionIndex}`, committedOffset);
    return committed;
  }

  async ping(): Promise<void> {
    await this.admin.metadata({ topics: [], forceUpdate: true });
  }

  private async offsets(topic: string, timestamp: bigint): Promise<ReadonlyMap<number, bigint>> {
    const metadata = await this.admin.metadata({ topics: [topic], forceUpdate: true });
    const count = metadata.topics.get(topic)?.partitionsCount ?? 0;
    const partitions = Array.from({ length: count }, (_, partitionIndex) => ({ partitionIndex, timestamp }));
    const [found] = await this.admin.listOffsets({ topics: [{ name: topic, partitions }] });
    return new Map((found?.partitions ?? []).map(({ partitionIndex, offset }) => [partitionIndex, offset]));
  }
}

/** All that an error and those it gathers say. */
function wordsOf(error: unknown): string {
  const {
    message = '',
    apiId = '',
    errors = [],
  } = error as {
    message?: string;
    apiId?: string;
    errors?: readonly unknown[];
  };
  return [apiId, message, ...errors.map(wordsOf)].join(' ');
}
