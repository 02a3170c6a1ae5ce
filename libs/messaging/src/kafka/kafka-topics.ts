import type { TopicDefinition } from '@myriad/contracts';
import { ProblemError } from '@myriad/kernel';
import type { Admin, ConfigResourceTypes } from 'kafkajs';
import { backOffMs, pause } from '../group/gate.js';
import { messagingProblem } from '../messaging-problem.js';
import { inKafka } from './kafka-error.js';

/** Largest batch of records a topic takes: a full append, or one record of the largest size. */
export const MAX_MESSAGE_BYTES = 16 * 1_048_576;

export interface KafkaTopicOptions {
  /** kafkajs' number of a topic among the things that have settings. */
  readonly topicResource: ConfigResourceTypes;
  readonly replication: number;
  /** More settings of each topic, by their Kafka names. */
  readonly topicConfig: Readonly<Record<string, string>>;
}

/** Topics and how many partitions they have, as they were last looked up. */
export class KafkaTopics {
  private readonly partitions = new Map<string, number>();

  constructor(
    private readonly admin: Admin,
    private readonly options: KafkaTopicOptions,
  ) {}

  /** @throws {ProblemError} `messaging.unknown_topic`. */
  async need(topics: readonly string[]): Promise<void> {
    const unknown = topics.filter((topic) => !this.partitions.has(topic));
    if (unknown.length === 0) return;
    for (const { name, partitions } of await this.describe(unknown)) this.partitions.set(name, partitions);
    const missing = unknown.find((topic) => !this.partitions.has(topic));
    if (missing !== undefined) throw messagingProblem('not-found', 'unknown_topic', `there is no topic '${missing}'`);
  }

  async ensure(definitions: readonly TopicDefinition[]): Promise<void> {
    const wanted = [...new Map(definitions.map((topic) => [topic.name, topic])).values()];
    await inKafka(() => this.create(wanted));
    await this.waitFor(wanted.map((topic) => ({ ...topic, partitions: 1 })));
    await inKafka(async () => {
      const found = new Map((await this.describe(wanted.map(({ name }) => name))).map((t) => [t.name, t.partitions]));
      const small = wanted.filter(({ name, partitions }) => (found.get(name) ?? partitions) < partitions);
      if (small.length > 0) await this.grow(small);
      await this.configure(wanted);
    });
    await this.waitFor(wanted);
  }

  private async create(wanted: readonly TopicDefinition[]): Promise<void> {
    const existing = new Set(await this.admin.listTopics());
    const missing = wanted.filter(({ name }) => !existing.has(name));
    if (missing.length === 0) return;
    await this.admin.createTopics({
      waitForLeaders: false,
      topics: missing.map((topic) => ({
        topic: topic.name,
        numPartitions: topic.partitions,
        replicationFactor: this.options.replication,
        configEntries: Object.entries(this.settingsOf(topic)).map(([name, value]) => ({ name, value })),
      })),
    });
  }

  private async grow(small: readonly TopicDefinition[]): Promise<void> {
    const topicPartitions = small.map(({ name, partitions }) => ({ topic: name, count: partitions }));
    await this.admin.createPartitions({ topicPartitions }).catch((error: unknown) => {
      // Another process was faster.
      if (!(error instanceof Error && /INVALID_PARTITIONS|partition/i.test(error.message))) throw error;
    });
  }

  /** Brings the settings of existing topics to what is wanted; asks before, for a change is written to disk. */
  private async configure(wanted: readonly TopicDefinition[]): Promise<void> {
    const names = Object.keys({ ...this.options.topicConfig, 'cleanup.policy': '', 'retention.ms': '' });
    const { resources } = await this.admin.describeConfigs({
      includeSynonyms: false,
      resources: wanted.map(({ name }) => ({ type: this.options.topicResource, name, configNames: names })),
    });
    const different = wanted.filter((topic) => {
      const entries = resources.find(({ resourceName }) => resourceName === topic.name)?.configEntries ?? [];
      const found = new Map(entries.map(({ configName, configValue }) => [configName, configValue]));
      return Object.entries(this.settingsOf(topic)).some(
        ([name, value]) => found.has(name) && found.get(name) !== value,
      );
    });
    if (different.length === 0) return;
    await this.admin.alterConfigs({
      validateOnly: false,
      resources: different.map((topic) => ({
        type: this.options.topicResource,
        name: topic.name,
        configEntries: Object.entries(this.settingsOf(topic)).map(([name, value]) => ({ name, value })),
      })),
    });
  }

  private settingsOf({ cleanup, retentionMs }: TopicDefinition): Record<string, string> {
    return {
      'cleanup.policy': cleanup,
      'max.message.bytes': String(MAX_MESSAGE_BYTES),
      ...(cleanup === 'delete' && { 'retention.ms': String(retentionMs ?? -1) }),
      ...this.options.topicConfig,
    };
  }

  /** Until brokers tell of all partitions. */
  private async waitFor(wanted: readonly TopicDefinition[]): Promise<void> {
    const { signal } = new AbortController();
    for (let failures = 1; failures < 20; failures += 1) {
      const found = await this.describe(wanted.map(({ name }) => name)).catch(notYetThere);
      for (const { name, partitions } of found) this.partitions.set(name, partitions);
      if (wanted.every(({ name, partitions }) => (this.partitions.get(name) ?? 0) >= partitions)) return;
      await pause(Math.min(500, backOffMs(failures)), signal);
    }
    throw messagingProblem('unavailable', 'unavailable', 'new topics did not come up in time');
  }

  private async describe(topics: readonly string[]): Promise<readonly { name: string; partitions: number }[]> {
    return inKafka(async () => {
      const existing = new Set(await this.admin.listTopics());
      const known = topics.filter((topic) => existing.has(topic));
      if (known.length === 0) return [];
      const metadata = await this.admin.fetchTopicMetadata({ topics: known });
      return metadata.topics.map(({ name, partitions }) => ({ name, partitions: partitions.length }));
    });
  }
}

/** A new topic is known to some brokers before others. */
function notYetThere(error: unknown): [] {
  if (error instanceof ProblemError && (error.retryable || error.code === 'messaging.unknown_topic')) return [];
  throw error;
}
