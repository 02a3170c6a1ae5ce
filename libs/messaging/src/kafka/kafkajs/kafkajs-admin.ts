import type { Admin, ConfigResourceTypes } from 'kafkajs';
import type { KafkaAdmin, KafkaTopic, PartitionBounds } from '../kafka-client.port.js';

const entriesOf = ({ settings }: KafkaTopic): { name: string; value: string }[] =>
  Object.entries(settings).map(([name, value]) => ({ name, value }));

/** Kafka's number of a setting that was made for the topic itself. */
const OF_TOPIC = 1;

/** {@link KafkaAdmin} through kafkajs. */
export class KafkajsAdmin implements KafkaAdmin {
  constructor(
    private readonly admin: Admin,
    /** kafkajs' number of a topic among the things that have settings. */
    private readonly topicResource: ConfigResourceTypes,
  ) {}

  topicNames(): Promise<readonly string[]> {
    return this.admin.listTopics();
  }

  async partitionCounts(topics: readonly string[]): Promise<readonly { name: string; partitions: number }[]> {
    const metadata = await this.admin.fetchTopicMetadata({ topics: [...topics] });
    return metadata.topics.map(({ name, partitions }) => ({ name, partitions: partitions.length }));
  }

  async createTopics(topics: readonly KafkaTopic[], replication: number): Promise<void> {
    await this.admin.createTopics({
      waitForLeaders: false,
      topics: topics.map((topic) => ({
        topic: topic.name,
        numPartitions: topic.partitions,
        replicationFactor: replication,
        configEntries: entriesOf(topic),
      })),
    });
  }

  async growTopics(topics: readonly KafkaTopic[]): Promise<void> {
    const topicPartitions = topics.map(({ name, partitions }) => ({ topic: name, count: partitions }));
    await this.admin.createPartitions({ topicPartitions });
  }

  async settings(
    topics: readonly string[],
    names: readonly string[],
  ): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
    const { resources } = await this.admin.describeConfigs({
      includeSynonyms: false,
      resources: topics.map((name) => ({ type: this.topicResource, name, configNames: [...names] })),
    });
    return new Map(
      resources.map(({ resourceName, configEntries }) => [
        resourceName,
        new Map(configEntries.map(({ configName, configValue }) => [configName, configValue])),
      ]),
    );
  }

  /** kafkajs knows only the call that replaces all settings of a topic: the others go with it as they are. */
  async changeSettings(topics: readonly KafkaTopic[]): Promise<void> {
    const own = await this.ownSettings(topics.map(({ name }) => name));
    const resources = topics.map(({ name, settings }) => ({
      type: this.topicResource,
      name,
      configEntries: Object.entries({ ...own.get(name), ...settings }).map(([setting, value]) => ({
        name: setting,
        value,
      })),
    }));
    await this.admin.alterConfigs({ validateOnly: false, resources });
  }

  /** What was set for each topic, without what the brokers' defaults give it. */
  private async ownSettings(topics: readonly string[]): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>> {
    const { resources } = await this.admin.describeConfigs({
      includeSynonyms: false,
      resources: topics.map((name) => ({ type: this.topicResource, name })),
    });
    return new Map(
      resources.map(({ resourceName, configEntries }) => [
        resourceName,
        Object.fromEntries(
          configEntries
            .filter(({ configSource }) => configSource === OF_TOPIC)
            .map(({ configName, configValue }) => [configName, configValue]),
        ),
      ]),
    );
  }

  async bounds(topic: string): Promise<readonly PartitionBounds[]> {
    const offsets = await this.admin.fetchTopicOffsets(topic);
    return offsets.map(({ partition, high, low }) => ({ topic, partition, end: BigInt(high), low: BigInt(low) }));
  }

  async committed(group: string, topics: readonly string[]): Promise<ReadonlyMap<string, bigint>> {
    const committed = new Map<string, bigint>();
    for (const { topic, partitions } of await this.admin.fetchOffsets({ groupId: group, topics: [...topics] }))
      for (const { partition, offset } of partitions)
        if (BigInt(offset) >= 0n) committed.set(`${topic}/${partition}`, BigInt(offset));
    return committed;
  }

  async ping(): Promise<void> {
    await this.admin.describeCluster();
  }
}
