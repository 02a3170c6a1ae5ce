import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ProblemError } from '@myriad/kernel';
import { eventually } from '@myriad/testing';
import { partitionOf, type EventLog, type StoredRecord } from '../src/index.js';
import { groupContract } from './event-log.group-contract.js';
import { serviceContract } from './event-log.service-contract.js';
import {
  Journal,
  numbered,
  range,
  readAll,
  record,
  tenantKeys,
  testTopic,
  unique,
  valueOf,
  type LogHarness,
} from './support.js';

/** How patient the suite is with an adapter. */
export interface ContractOptions {
  /** Until compaction has shown its effect, milliseconds. Default 5,000. */
  readonly compactionMs?: number;
  /** Until a group has noticed a crash, milliseconds. Default 10,000. */
  readonly crashMs?: number;
}

const codeOf = (error: unknown): string => (error instanceof ProblemError ? error.code : String(error));
const refusal = (promise: Promise<unknown>): Promise<string> => promise.then(() => 'no refusal', codeOf);

/** What every adapter of the event log promises. `open` starts (or connects to) its server once for the whole suite. */
export function eventLogContract(name: string, open: () => Promise<LogHarness>, options: ContractOptions = {}): void {
  const { compactionMs = 5_000, crashMs = 10_000 } = options;
  describe(`${name} as an event log`, () => {
    let harness: LogHarness;
    let log: EventLog;
    beforeAll(async () => {
      harness = await open();
      log = await harness.connect();
    }, 60_000);
    afterAll(async () => {
      await log.close();
      await harness.close();
    }, 60_000);

    it('puts all keys of a tenant into the partition that FNV-1a names', async () => {
      const topic = testTopic({ partitions: 8 });
      await log.ensureTopics([topic]);
      const keys = range(40).flatMap((n) => [`tenant-${n}`, `tenant-${n}/a`, `tenant-${n}/b/c`]);
      await log.append(keys.map((key) => record(topic.name, key, key)));
      const records = await readAll(log, topic.name);
      expect(records).toHaveLength(120);
      for (const stored of records) expect(stored.partition).toBe(partitionOf(stored.key, 8));
      expect(new Set(records.map((stored) => stored.partition)).size).toBe(8);
    });

    it('gives back key, value, headers, offset and time as they were', async () => {
      const topic = testTopic({ partitions: 1, cleanup: 'compact' });
      await log.ensureTopics([topic]);
      const bytes = Buffer.from(range(256));
      const headers = { plain: 'a', 'with space': 'ü "quoted" \\ {}', empty: '' };
      const before = Date.now();
      await log.append([
        { topic: topic.name, key: 'tenänt/"k",{}\\', value: bytes, headers },
        { topic: topic.name, key: 'b', value: Buffer.alloc(0), headers: {} },
        { topic: topic.name, key: 'c', value: null, headers: {} },
      ]);
      const [first, second, third] = await readAll(log, topic.name);
      expect(first).toMatchObject({ topic: topic.name, key: 'tenänt/"k",{}\\', headers, partition: 0, offset: 0n });
      expect(first?.value?.equals(bytes)).toBe(true);
      expect(first?.timestampMs).toBeGreaterThanOrEqual(before - 1_000);
      expect(first?.timestampMs).toBeLessThanOrEqual(Date.now() + 1_000);
      expect(second?.value).toEqual(Buffer.alloc(0));
      expect(third?.value).toBeNull();
    });

    it('keeps the order of concurrent appends of one process', async () => {
      const topic = testTopic();
      await log.ensureTopics([topic]);
      await Promise.all(range(200).map((n) => log.append([record(topic.name, 'a/x', n)])));
      expect((await readAll(log, topic.name)).map(valueOf)).toEqual(range(200));
    });

    it('appends nothing when one record of the call is refused', async () => {
      const topic = testTopic();
      await log.ensureTopics([topic]);
      const good = record(topic.name, 'a', 1);
      expect(await refusal(log.append([good, record(unique('nowhere'), 'a', 1)]))).toBe('messaging.unknown_topic');
      const large = { ...good, value: Buffer.alloc(1_048_577) };
      expect(await refusal(log.append([good, large]))).toBe('messaging.record_too_large');
      expect(await refusal(log.append([good, { ...good, key: '' }]))).toBe('messaging.invalid_record');
      expect(await readAll(log, topic.name)).toEqual([]);
      await log.append([]);
      await log.append([{ ...good, value: Buffer.alloc(1_048_576) }]);
      expect((await readAll(log, topic.name))[0]?.value).toHaveLength(1_048_576);
    });

    it('refuses subscriptions to unknown topics and options out of range', async () => {
      const topic = testTopic();
      await log.ensureTopics([topic]);
      const handler = (): Promise<void> => Promise.resolve();
      const group = unique('group');
      expect(await refusal(log.subscribe({ group, topics: [unique('nowhere')] }, handler))).toBe(
        'messaging.unknown_topic',
      );
      for (const wrong of [{ maxBatch: 0 }, { sessionTimeoutMs: 499 }, { topics: [] }, { group: 'a b' }])
        expect(await refusal(log.subscribe({ group, topics: [topic.name], ...wrong }, handler))).toBe(
          'messaging.invalid_option',
        );
    });

    it('makes topics once when many ask at once, grows them, and never shrinks them', async () => {
      const topic = testTopic({ partitions: 2 });
      const other = await harness.connect();
      await Promise.all(range(6).map((n) => (n % 2 ? log : other).ensureTopics([topic, testTopic()])));
      await log.ensureTopics([{ ...topic, partitions: 5 }]);
      await other.ensureTopics([{ ...topic, partitions: 3 }]);
      expect(await log.lag(unique('group'), [topic.name])).toHaveLength(5);
      await other.close();
    });

    it('tails from the start, says when it caught up, and goes on with what comes', async () => {
      const topics = [testTopic(), testTopic({ cleanup: 'compact' })];
      const names = topics.map((topic) => topic.name);
      await log.ensureTopics(topics);
      const keys = tenantKeys(6);
      for (const name of names) await log.append(numbered(name, keys, 0, 10));
      const other = await harness.connect();
      const seen: [StoredRecord[], StoredRecord[]] = [[], []];
      const tails = await Promise.all([
        log.tail({ topics: names, onRecord: (stored) => void seen[0].push(stored) }),
        other.tail({ topics: names, onRecord: (stored) => Promise.resolve(void seen[1].push(stored)) }),
      ]);
      await Promise.all(tails.map((tail) => tail.caughtUp));
      for (const records of seen) expect(records).toHaveLength(120);
      for (const name of names) await log.append(numbered(name, keys, 10, 5));
      await eventually(() => {
        for (const records of seen) expect(records).toHaveLength(180);
      });
      for (const records of seen)
        for (const name of names)
          for (const key of keys)
            expect(records.filter((r) => r.topic === name && r.key === key).map(valueOf)).toEqual(range(15));
      await Promise.all(tails.map((tail) => tail.close()));
      await other.close();
    });

    it('catches up at once on an empty topic', async () => {
      const topic = testTopic();
      await log.ensureTopics([topic]);
      expect(await readAll(log, topic.name)).toEqual([]);
    });

    it(
      'compacts to the newest record of each key and drops tombstones',
      async () => {
        const topic = testTopic({ partitions: 2, cleanup: 'compact' });
        await log.ensureTopics([topic]);
        const keys = tenantKeys(10);
        await log.append(numbered(topic.name, keys, 0, 20));
        await log.append(keys.slice(0, 3).map((key) => record(topic.name, key, null)));
        await log.append(['t0/last', 't1/last'].map((key) => record(topic.name, key, 'end')));
        await eventually(
          async () => {
            // The engine's cleaner leaves the newest segment alone: give it a newer one.
            await log.append(['t0/last', 't1/last', 't2/last', 't3/last'].map((key) => record(topic.name, key, 'end')));
            await log.compact(topic.name);
            const records = (await readAll(log, topic.name)).filter((stored) => stored.key.endsWith('/thing'));
            expect(records.map((stored) => stored.key).sort()).toEqual(keys.slice(3));
            expect(new Set(records.map(valueOf))).toEqual(new Set([19]));
          },
          { timeoutMs: compactionMs, intervalMs: 300 },
        );
      },
      compactionMs + 10_000,
    );

    it('carries 100,000 events through two members, each once and in order', async () => {
      const topic = testTopic({ partitions: 8 });
      await log.ensureTopics([topic]);
      const keys = tenantKeys(100);
      const journal = new Journal();
      const group = unique('group');
      const other = await harness.connect();
      for (const n of range(50)) await log.append(numbered(topic.name, keys, n * 20, 20));
      const members = await Promise.all([
        journal.join(log, 'a', { group, topics: [topic.name], maxBatch: 2_000 }),
        journal.join(other, 'b', { group, topics: [topic.name], maxBatch: 2_000 }),
      ]);
      await eventually(
        () => {
          expect(journal.handled.length).toBeGreaterThanOrEqual(100_000);
        },
        { timeoutMs: 100_000 },
      );
      const byKey = new Map(keys.map((key): [string, unknown[]] => [key, []]));
      for (const { record: stored } of journal.handled) byKey.get(stored.key)?.push(valueOf(stored));
      for (const values of byKey.values()) expect([...new Set(values)]).toEqual(range(1_000));
      expect(journal.overlaps).toEqual([]);
      for (const member of members) await member.close();
      const lag = await log.lag(group, [topic.name]);
      expect(lag.every(({ committedOffset, endOffset }) => committedOffset === endOffset)).toBe(true);
      await other.close();
    }, 120_000);

    groupContract(() => ({ harness, log }), crashMs);
    serviceContract(() => ({ harness, log }), crashMs);
  });
}
