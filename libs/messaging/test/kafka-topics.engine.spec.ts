import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TopicDefinition } from '@myriad/contracts';
import { eventually } from '@myriad/testing';
import kafkajs, { type Admin } from 'kafkajs';
import { KafkaEventLog } from '../src/index.js';
import { brokers } from './config.js';
import { numbered, readAll, tenantKeys, testTopic, valueOf } from './support.js';

const { ConfigResourceTypes, Kafka, logLevel } = kafkajs;
const DAY_MS = 86_400_000;

interface Existing {
  readonly partitions: number;
  readonly settings: Readonly<Record<string, string>>;
}

describe.each(['platformatic', 'kafkajs'] as const)('A topic that exists, through %s', (client) => {
  let admin: Admin;
  let log: KafkaEventLog;
  beforeAll(async () => {
    admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    log = await KafkaEventLog.open({ brokers, clientId: 'test', client });
  });
  afterAll(async () => {
    await log.close();
    await admin.disconnect();
  });

  /** Makes the topic as somebody else did. */
  async function made({ name }: TopicDefinition, { partitions, settings }: Existing): Promise<void> {
    const configEntries = Object.entries(settings).map(([setting, value]) => ({ name: setting, value }));
    await admin.createTopics({ topics: [{ topic: name, numPartitions: partitions, configEntries }] });
  }

  async function found({ name }: TopicDefinition, ...settings: readonly string[]): Promise<Existing> {
    const { topics } = await admin.fetchTopicMetadata({ topics: [name] });
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: ConfigResourceTypes.TOPIC, name, configNames: [...settings] }],
    });
    const entries = resources[0]?.configEntries.map(({ configName, configValue }) => [configName, configValue]);
    return { partitions: topics[0]!.partitions.length, settings: Object.fromEntries(entries ?? []) as never };
  }

  /** What a broker tells follows the controller's answer a moment later. */
  async function expectFound(topic: TopicDefinition, expected: Partial<Existing>): Promise<void> {
    const settings = Object.keys(expected.settings ?? { 'retention.ms': '' });
    await eventually(async () => {
      expect(await found(topic, ...settings)).toMatchObject(expected);
    });
  }

  it('keeps its records for as long as the code says', async () => {
    const topic = testTopic({ retentionMs: 30 * DAY_MS });
    await made(topic, { partitions: 4, settings: { 'retention.ms': '60000', 'cleanup.policy': 'delete' } });
    await log.ensureTopics([topic]);
    await expectFound(topic, {
      partitions: 4,
      settings: { 'retention.ms': String(30 * DAY_MS), 'cleanup.policy': 'delete' },
    });
  });

  it('is compacted, and no longer deleted by age, when the code says so; and the other way round', async () => {
    const [state, events] = [testTopic({ cleanup: 'compact' }), testTopic()];
    await made(state, { partitions: 4, settings: { 'cleanup.policy': 'delete', 'retention.ms': '60000' } });
    await made(events, { partitions: 4, settings: { 'cleanup.policy': 'compact' } });
    await log.ensureTopics([state, events]);
    await expectFound(state, {
      settings: { 'cleanup.policy': 'compact', 'delete.retention.ms': String(DAY_MS) },
    });
    await expectFound(events, { settings: { 'cleanup.policy': 'delete', 'retention.ms': String(DAY_MS) } });
  });

  it('grows to the partitions that the code says, with all that it holds, and takes more', async () => {
    const topic = testTopic({ partitions: 6 });
    const before = { ...topic, partitions: 2 };
    await log.ensureTopics([before]);
    const keys = tenantKeys(12);
    await log.append(numbered(topic.name, keys, 0, 2));
    const other = await KafkaEventLog.open({ brokers, clientId: 'test', client });
    await other.ensureTopics([topic]);
    await other.append(numbered(topic.name, keys, 2, 2));
    await other.close();
    await expectFound(topic, { partitions: 6 });
    const records = await readAll(log, topic.name);
    expect(new Set(records.map(({ partition }) => partition)).size).toBeGreaterThan(2);
    // growing moves tenants, and their order starts anew at that point: within a partition it holds
    for (const key of keys) {
      const own = records.filter((one) => one.key === key);
      const values = [...new Set(own.map(({ partition }) => partition))].map((partition) =>
        own.filter((one) => one.partition === partition).map(valueOf),
      );
      expect(values.flat().sort()).toEqual([0, 1, 2, 3]);
      for (const part of values) expect(part).toEqual([...part].sort());
    }
  });

  it('keeps more partitions than the code says: they never shrink', async () => {
    const topic = testTopic({ partitions: 2 });
    await made(topic, { partitions: 5, settings: { 'cleanup.policy': 'delete' } });
    await log.ensureTopics([topic]);
    await expectFound(topic, { partitions: 5 });
  });

  it('keeps the settings that an operator gave it and the code says nothing of', async () => {
    const topic = testTopic();
    await made(topic, { partitions: 4, settings: { 'retention.ms': '60000', 'segment.bytes': '1048577' } });
    await log.ensureTopics([topic]);
    await expectFound(topic, { settings: { 'retention.ms': String(DAY_MS), 'segment.bytes': '1048577' } });
  });

  it('is refused in words when the cluster can not have it as the code says', async () => {
    const demanding = await KafkaEventLog.open({ brokers, clientId: 'test', client, replication: 3 });
    await expect(demanding.ensureTopics([testTopic()])).rejects.toMatchObject({
      code: 'messaging.topic_refused',
      message: expect.stringMatching(/replication.factor/i),
    });
    await demanding.close();
  });
});
