import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@myriad/testing';
import {
  KafkaEventLog,
  SnapshotWriter,
  partitionOf,
  silentLogger,
  type NewRecord,
  type StoredRecord,
} from '../src/index.js';
import { brokers } from './config.js';
import { MemorySnapshotStore } from './memory-snapshot-store.js';
import { numbered, range, readAll, record, stateFromSnapshots, testTopic } from './support.js';

const PARTITIONS = 2;
/** Compaction within seconds; tombstones stay for a day, as the code says. */
const topicConfig = { 'segment.ms': '200', 'min.cleanable.dirty.ratio': '0.01' };

/** Keys of a tenant in that partition. */
function keysIn(partition: number): string[] {
  const tenant = range(100).find((n) => partitionOf(`t${n}`, PARTITIONS) === partition);
  return range(40).map((n) => `t${tenant}/model-${n}`);
}

describe.each(['platformatic', 'kafkajs'] as const)('Compaction behind a snapshot on Kafka through %s', (client) => {
  const topic = testTopic({ cleanup: 'compact', partitions: PARTITIONS });
  const [changed, quiet] = [keysIn(0), keysIn(1)];
  const store = new MemorySnapshotStore();
  /** What is appended, as a map would have it. */
  const expected = new Map<string, unknown>();
  let log: KafkaEventLog;
  beforeAll(async () => {
    log = await KafkaEventLog.open({ brokers, clientId: 'test', client, topicConfig });
    await log.ensureTopics([topic]);
  });
  afterAll(() => log.close());

  async function append(records: readonly NewRecord[]): Promise<void> {
    await log.append(records);
    for (const { key, value } of records)
      if (value === null) expected.delete(key);
      else expected.set(key, JSON.parse(String(value)));
  }

  /** The records that the changed partition still holds. */
  async function held(): Promise<StoredRecord[]> {
    return (await readAll(log, topic.name)).filter(({ partition }) => partition === 0);
  }

  it('a consumer that begins where no record is held any more ends in the right state', async () => {
    await append(numbered(topic.name, [...changed, ...quiet], 0, 3));
    const writer = new SnapshotWriter({
      log,
      store,
      topics: [topic.name],
      isLeader: () => true,
      logger: silentLogger,
      afterRecords: 1,
      afterMs: 3_600_000,
    });
    await writer.look();
    const taken = (await held()).at(-1)!.offset;
    // every key of the snapshot's partition changes, some more than once, some are removed, new ones come
    await append(numbered(topic.name, changed, 10, 2));
    await append(changed.slice(0, 10).map((key) => record(topic.name, key, null)));
    await append(changed.slice(0, 3).map((key) => record(topic.name, key, 'again')));
    await append([record(topic.name, `${changed[0]!.split('/')[0]}/new`, 'new')]);
    await eventually(
      async () => {
        // the newest segment is never compacted: a record of its own closes the one before
        await append([record(topic.name, changed.at(-1)!, Date.now())]);
        const records = await held();
        expect(records[0]!.offset).toBeGreaterThan(taken + 1n);
        expect(records.filter(({ key }) => key === changed[20])).toHaveLength(1);
      },
      { timeoutMs: 90_000, intervalMs: 500 },
    );
    const most = (await held()).length;
    const { state, count, warnings } = await stateFromSnapshots(log, topic.name, store);
    expect(warnings).toEqual([]);
    expect([...state].sort()).toEqual([...expected].sort());
    // from the snapshot, and from the topic only what came since
    const came = count - changed.length - quiet.length;
    expect(came).toBeLessThanOrEqual(most);
    expect(came).toBeGreaterThanOrEqual((await held()).length); // compaction goes on
  }, 150_000);
});
