import type { TopicDefinition } from '@myriad/contracts';
import { ProblemError } from '@myriad/kernel';
import { backOffMs, pause } from '../group/gate.js';
import { messagingProblem } from '../messaging-problem.js';
import type { KafkaAdmin, KafkaTopic } from './kafka-client.port.js';
import { inKafka } from './kafka-error.js';

/** Largest batch of records a topic takes: a full append, or one record of the largest size. */
export const MAX_MESSAGE_BYTES = 16 * 1_048_576;

export interface KafkaTopicOptions {
  readonly replication: number;
  /** More settings of each topic, by their Kafka names. */
  readonly topicConfig: Readonly<Record<string, string>>;
}

/** Tombstones stay for so long: a snapshot that is younger (12 hours) brings back no key that one of them removed, milliseconds. */
const TOMBSTONES_MS = 86_400_000;
/** Looks for new topics, at most half a second apart: about a minute, for a broker that has just been started on a busy machine. */
const MAX_LOOKS = 130;

/** Topics and how many partitions they have, as they were last looked up. */
export class KafkaTopics {
  private readonly partitions = new Map<string, number>();

  constructor(
    private readonly admin: KafkaAdmin,
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

  /**
   * Makes what is missing, grows what is too small, and brings settings to what the definitions say.
   * @throws {ProblemError} `messaging.topic_refused` when the brokers can't have one so.
   */
  async ensure(definitions: readonly TopicDefinition[]): Promise<void> {
    const wanted = [...new Map(definitions.map((topic) => [topic.name, this.withSettings(topic)])).values()];
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

  private async create(wanted: readonly KafkaTopic[]): Promise<void> {
    const existing = new Set(await this.admin.topicNames());
    const missing = wanted.filter(({ name }) => !existing.has(name));
    if (missing.length > 0) await this.admin.createTopics(missing, this.options.replication);
  }

  private async grow(small: readonly KafkaTopic[]): Promise<void> {
    await this.admin.growTopics(small).catch(async (error: unknown) => {
      const found = new Map((await this.describe(small.map(({ name }) => name))).map((t) => [t.name, t.partitions]));
      // Another process was faster.
      if (small.some(({ name, partitions }) => (found.get(name) ?? 0) < partitions)) throw error;
    });
  }

  /** Asks before it changes settings, for a change is written to disk. */
  private async configure(wanted: readonly KafkaTopic[]): Promise<void> {
    const names = [...new Set(wanted.flatMap(({ settings }) => Object.keys(settings)))];
    const present = await this.admin.settings(
      wanted.map(({ name }) => name),
      names,
    );
    const different = wanted.filter(({ name, settings }) =>
      Object.entries(settings).some(([setting, value]) => (present.get(name)?.get(setting) ?? value) !== value),
    );
    if (different.length > 0) await this.admin.changeSettings(different);
  }

  private withSettings({ name, partitions, cleanup, retentionMs }: TopicDefinition): KafkaTopic {
    return {
      name,
      partitions,
      settings: {
        'cleanup.policy': cleanup,
        'max.message.bytes': String(MAX_MESSAGE_BYTES),
        ...(cleanup === 'delete'
          ? { 'retention.ms': String(retentionMs ?? -1) }
          : { 'delete.retention.ms': String(TOMBSTONES_MS) }),
        ...this.options.topicConfig,
      },
    };
  }

  /** Until brokers tell of all partitions. */
  private async waitFor(wanted: readonly KafkaTopic[]): Promise<void> {
    const { signal } = new AbortController();
    for (let failures = 1; failures < MAX_LOOKS; failures += 1) {
      const found = await this.describe(wanted.map(({ name }) => name)).catch(notYetThere);
      for (const { name, partitions } of found) this.partitions.set(name, partitions);
      if (wanted.every(({ name, partitions }) => (this.partitions.get(name) ?? 0) >= partitions)) return;
      await pause(Math.min(500, backOffMs(failures)), signal);
    }
    throw messagingProblem('unavailable', 'unavailable', 'new topics did not come up in time');
  }

  private async describe(topics: readonly string[]): Promise<readonly { name: string; partitions: number }[]> {
    return inKafka(async () => {
      const existing = new Set(await this.admin.topicNames());
      const known = topics.filter((topic) => existing.has(topic));
      return known.length === 0 ? [] : this.admin.partitionCounts(known);
    });
  }
}

/** A new topic is known to some brokers before others. */
function notYetThere(error: unknown): [] {
  if (error instanceof ProblemError && (error.retryable || error.code === 'messaging.unknown_topic')) return [];
  throw error;
}
