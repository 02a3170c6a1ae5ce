import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from '@myriad/config';
import { PLATFORM_TENANT } from '@myriad/kernel';
import { objectStoreConfig, openObjectStore, type ObjectStore } from '@myriad/storage';
import { eventually } from '@myriad/testing';
import { Kafka, logLevel } from 'kafkajs';
import { z } from 'zod';
import { KafkaEventLog, SnapshotWriter, silentLogger, snapshotParts, tailFromSnapshots } from '../src/index.js';
import { brokers } from './config.js';
import { numbered, range, record, testTopic, valueOf } from './support.js';

/* eslint-disable no-restricted-properties -- the addresses of the engines come from the test runner */
const s3 = {
  S3_ENDPOINT: process.env['MYRIAD_TEST_S3'] ?? '',
  S3_ACCESS_KEY_ID: process.env['MYRIAD_TEST_S3_ACCESS_KEY'] ?? '',
  S3_SECRET_ACCESS_KEY: process.env['MYRIAD_TEST_S3_SECRET'] ?? '',
};
const hasEngines = s3.S3_ENDPOINT !== '' && brokers[0] !== '';
/* eslint-enable no-restricted-properties */
const KINDS = [
  ['platformatic', {}],
  ['kafkajs', { OBJECT_ENCRYPTION: 'local', OBJECT_MASTER_SECRET: 's'.repeat(32) }],
] as const;

/** 2,000 keys of 100 tenants. */
const keys = range(2_000).map((n) => `t${n % 100}/model-${n}`);

(hasEngines ? describe : describe.skip).each(KINDS)('Snapshots on Kafka through %s and S3 with %j', (client, more) => {
  let log: KafkaEventLog;
  let store: ObjectStore;
  const topic = testTopic({ cleanup: 'compact' });
  const open = () => KafkaEventLog.open({ brokers, clientId: 'test', client });
  beforeAll(async () => {
    const variables = {
      OBJECT_STORE: 's3',
      S3_BUCKET: `snap-${randomBytes(6).toString('hex')}`,
      S3_CREATE_BUCKET: 'true',
    };
    store = await openObjectStore(loadConfig(z.object(objectStoreConfig), { ...variables, ...s3, ...more }));
    log = await open();
    await log.ensureTopics([topic]);
    await log.append(numbered(topic.name, keys, 0, 3));
    await log.append([record(topic.name, keys[0]!, null)]);
  });
  afterAll(async () => {
    await log.close();
  });

  const writer = (afterRecords: number): SnapshotWriter =>
    new SnapshotWriter({
      log,
      store,
      topics: [topic.name],
      isLeader: () => true,
      logger: silentLogger,
      afterRecords,
      afterMs: 3_600_000,
    });

  /** What a new consumer holds when it is ready, and by how many records. */
  async function consumer(of: KafkaEventLog, isWhole = false) {
    const state = new Map<string, unknown>();
    const warnings: string[] = [];
    let count = 0;
    const options: Parameters<KafkaEventLog['tail']>[0] = {
      topics: [topic.name],
      onRecord: (stored) => {
        count += 1;
        if (stored.value === null) state.delete(stored.key);
        else state.set(stored.key, valueOf(stored));
      },
    };
    const logger = { ...silentLogger, warn: (_fields: object, message: string) => void warnings.push(message) };
    const tail = await (isWhole ? of.tail(options) : tailFromSnapshots(of, { ...options, store, logger }));
    await tail.caughtUp;
    await tail.close();
    return { state: Object.fromEntries([...state].sort(([a], [b]) => (a < b ? -1 : 1))), count, warnings };
  }

  it('make a second consumer ready with the state of a whole reading', async () => {
    await writer(100).look();
    const { state } = await consumer(log, true);
    expect(Object.keys(state)).toHaveLength(1_999);
    expect(await consumer(log)).toEqual({ state, count: 1_999, warnings: [] });
    await log.append([record(topic.name, keys[1]!, null), ...numbered(topic.name, keys.slice(2, 50), 7, 1)]);
    const after = (await consumer(log, true)).state;
    expect(await consumer(log)).toEqual({ state: after, count: 1_999 + 49, warnings: [] });
    expect(Object.keys(after)).toHaveLength(1_998);
  });

  it('follow by records, and leave nothing in the bucket that they do not name', async () => {
    for (const round of range(5)) {
      await log.append(numbered(topic.name, keys.slice(100, 200), round, 1));
      await writer(100).look();
    }
    const { state } = await consumer(log, true);
    expect(await consumer(log)).toEqual({ state, count: 1_998, warnings: [] });
    const stored: string[] = [];
    for await (const { digest } of store.list(PLATFORM_TENANT)) stored.push(digest);
    expect(stored.sort()).toEqual([...new Set(await snapshotParts(topic.name, store))].sort());
    expect(stored).toHaveLength(3);
  });

  it('are known to be of another log when the topic was made anew', async () => {
    const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    await admin.deleteTopics({ topics: [topic.name] });
    await eventually(
      async () => {
        expect(await admin.listTopics()).not.toContain(topic.name);
      },
      { timeoutMs: 20_000 },
    );
    await admin.disconnect();
    const anew = await open();
    await eventually(() => anew.ensureTopics([topic]), { timeoutMs: 20_000 }); // the broker takes a while to forget it
    await anew.append(numbered(topic.name, keys.slice(0, 1_000), 40, 10));
    const { state, count, warnings } = await consumer(anew);
    expect([Object.keys(state).length, count, new Set(warnings)]).toEqual([
      1_000,
      10_000,
      new Set(['passed over a snapshot that can not be used']),
    ]);
    await anew.close();
  });
});
