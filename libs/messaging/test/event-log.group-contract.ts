import { describe, expect, it } from '@jest/globals';
import { eventually } from '@myriad/testing';
import { partitionOf, type EventLog, type RecordBatch } from '../src/index.js';
import {
  Journal,
  deferred,
  numbered,
  range,
  record,
  tenantKeys,
  testTopic,
  unique,
  valueOf,
  type LogHarness,
} from './support.js';

/** The part of the contract that is about consumer groups. */
export function groupContract(suite: () => { harness: LogHarness; log: EventLog }, crashMs: number): void {
  const patience = { timeoutMs: crashMs };
  const sessionTimeoutMs = 1_500;

  describe('with groups', () => {
    it('gives each group every record, in the order of its key', async () => {
      const { log } = suite();
      const topic = testTopic();
      await log.ensureTopics([topic]);
      const keys = tenantKeys(7);
      const journals = [new Journal(), new Journal()];
      const members = await Promise.all(
        journals.map((journal) => journal.join(log, 'a', { group: unique('group'), topics: [topic.name] })),
      );
      await log.append(numbered(topic.name, keys, 0, 30));
      await eventually(() => {
        for (const journal of journals) for (const key of keys) expect(journal.valuesOf(key)).toEqual(range(30));
      });
      for (const member of members) await member.close();
    });

    it('starts a new group at the end when asked to', async () => {
      const { log } = suite();
      const topic = testTopic();
      await log.ensureTopics([topic]);
      await log.append(numbered(topic.name, ['a'], 0, 5));
      const journal = new Journal();
      const member = await journal.join(log, 'a', { group: unique('group'), topics: [topic.name], from: 'latest' });
      await eventually(async () => {
        await log.append([record(topic.name, 'a', 'new')]);
        expect(journal.valuesOf('a')).toContain('new');
      });
      expect(journal.valuesOf('a').filter((value) => value !== 'new')).toEqual([]);
      await member.close();
    });

    it('goes on behind the committed offset after a restart, and says how far a group is behind', async () => {
      const { harness, log } = suite();
      const topic = testTopic({ partitions: 2 });
      await log.ensureTopics([topic]);
      const group = unique('group');
      const first = await harness.connect();
      const journal = new Journal();
      await journal.join(first, 'a', { group, topics: [topic.name] });
      await log.append(numbered(topic.name, ['a'], 0, 10));
      await eventually(() => {
        expect(journal.valuesOf('a')).toHaveLength(10);
      });
      await first.close();
      await log.append(numbered(topic.name, ['a'], 10, 3));
      const behind = (await log.lag(group, [topic.name])).find((entry) => entry.partition === partitionOf('a', 2));
      expect(behind).toMatchObject({ topic: topic.name, committedOffset: 10n, endOffset: 13n });
      const second = await harness.connect();
      await journal.join(second, 'b', { group, topics: [topic.name] });
      await eventually(() => {
        expect(journal.valuesOf('a')).toHaveLength(13);
      });
      expect(journal.valuesOf('a')).toEqual(range(13));
      await second.close();
    });

    it('delivers again, from the first uncommitted record, when the handler throws', async () => {
      const { log } = suite();
      const topic = testTopic();
      await log.ensureTopics([topic]);
      await log.append(numbered(topic.name, ['a'], 0, 6));
      const batches: unknown[][] = [];
      const member = await log.subscribe({ group: unique('group'), topics: [topic.name] }, async (batch) => {
        batches.push(batch.records.map(valueOf));
        if (batches.length === 1) {
          await batch.commit(batch.records[1]!.offset);
          throw new Error('the third can not be handled now');
        }
        await batch.commit(batch.records.at(-1)!.offset);
      });
      await eventually(() => {
        expect(batches).toEqual([range(6), [2, 3, 4, 5]]);
      });
      await member.close();
    });

    it('keeps order and hands no partition to two members while members come and go', async () => {
      const { harness, log } = suite();
      const topic = testTopic({ partitions: 6 });
      await log.ensureTopics([topic]);
      const keys = tenantKeys(24);
      const journal = new Journal();
      const options = { group: unique('group'), topics: [topic.name], maxBatch: 20, sessionTimeoutMs };
      const others = await Promise.all([harness.connect(), harness.connect()]);
      const producing = (async () => {
        for (const n of range(30)) {
          await log.append(numbered(topic.name, keys, n * 2, 2));
          await new Promise((resolve) => setTimeout(resolve, 40));
        }
      })();
      const seenBy = (member: string) => () => {
        expect(journal.members()).toContain(member);
      };
      const a = await journal.join(log, 'a', options, 1);
      await eventually(seenBy('a'), patience);
      const b = await journal.join(others[0], 'b', options, 1);
      await eventually(seenBy('b'), patience);
      const c = await journal.join(others[1], 'c', options, 1);
      await eventually(seenBy('c'), patience);
      await a.close();
      await b.close();
      await producing;
      await eventually(() => {
        for (const key of keys) expect(new Set(journal.valuesOf(key)).size).toBe(60);
      }, patience);
      for (const key of keys) expect([...new Set(journal.valuesOf(key))]).toEqual(range(60));
      expect(journal.overlaps).toEqual([]);
      await c.close();
      for (const other of others) await other.close();
    }, 60_000);

    it('moves the partitions of a member that was killed in the middle of a batch, and refuses its commit', async () => {
      const { harness, log } = suite();
      const topic = testTopic();
      await log.ensureTopics([topic]);
      const group = unique('group');
      await log.append(numbered(topic.name, ['a'], 0, 10));
      const doomed = await harness.connect();
      const stuck = deferred<RecordBatch>();
      const never = deferred();
      await doomed.subscribe({ group, topics: [topic.name], sessionTimeoutMs }, async (batch) => {
        await batch.commit(batch.records[3]!.offset);
        stuck.resolve(batch);
        await never.promise;
      });
      const batch = await stuck.promise;
      await harness.crash(doomed);
      const journal = new Journal();
      const member = await journal.join(log, 'b', { group, topics: [topic.name], sessionTimeoutMs });
      await eventually(() => {
        expect(journal.valuesOf('a')).toEqual([4, 5, 6, 7, 8, 9]);
      }, patience);
      await expect(batch.commit(batch.records[5]!.offset)).rejects.toThrow();
      const lag = (await log.lag(group, [topic.name])).find((entry) => entry.partition === batch.partition);
      expect(lag?.committedOffset).toBe(10n);
      never.resolve();
      await member.close();
      await doomed.close();
    }, 60_000);

    it('delivers again what was done but not committed, so that an inbox makes it happen once', async () => {
      const { harness, log } = suite();
      const topic = testTopic();
      await log.ensureTopics([topic]);
      const group = unique('group');
      const deliveries: unknown[] = [];
      const inbox = new Set<string>();
      const effects: unknown[] = [];
      const work = (batch: RecordBatch): void => {
        for (const stored of batch.records) {
          deliveries.push(valueOf(stored));
          if (!inbox.has(stored.headers['id']!)) effects.push(valueOf(stored));
          inbox.add(stored.headers['id']!);
        }
      };
      const doomed = await harness.connect();
      const crashed = deferred();
      await doomed.subscribe({ group, topics: [topic.name], sessionTimeoutMs }, async (batch) => {
        work(batch);
        await harness.crash(doomed);
        crashed.resolve();
        await batch.commit(batch.records.at(-1)!.offset);
      });
      await log.append(range(5).map((n) => record(topic.name, 'a', n, { id: `event-${n}` })));
      await crashed.promise;
      const before = deliveries.length;
      expect(before).toBeGreaterThan(0);
      const member = await log.subscribe({ group, topics: [topic.name], sessionTimeoutMs }, async (batch) => {
        work(batch);
        await batch.commit(batch.records.at(-1)!.offset);
      });
      await eventually(() => {
        expect(deliveries).toHaveLength(before + 5);
      }, patience);
      expect(effects).toEqual(range(5));
      await member.close();
      await doomed.close();
    }, 60_000);

    it('refuses a commit after the partition was given back', async () => {
      const { log } = suite();
      const topic = testTopic();
      await log.ensureTopics([topic]);
      await log.append([record(topic.name, 'a', 1)]);
      const got = deferred<RecordBatch>();
      const member = await log.subscribe({ group: unique('group'), topics: [topic.name] }, (batch) => {
        got.resolve(batch);
        return Promise.resolve();
      });
      const batch = await got.promise;
      expect(batch.signal.aborted).toBe(false);
      await member.close();
      expect(batch.signal.aborted).toBe(true);
      await expect(batch.commit(batch.records[0]!.offset)).rejects.toMatchObject({ code: 'messaging.fenced' });
    });

    it('finishes the batch in hand before it closes', async () => {
      const { log } = suite();
      const topic = testTopic();
      await log.ensureTopics([topic]);
      await log.append([record(topic.name, 'a', 1)]);
      const group = unique('group');
      const [started, finish] = [deferred(), deferred()];
      const member = await log.subscribe({ group, topics: [topic.name] }, async (batch) => {
        started.resolve();
        await finish.promise;
        await batch.commit(batch.records[0]!.offset);
      });
      await started.promise;
      const closing = member.close();
      finish.resolve();
      await closing;
      const lag = await log.lag(group, [topic.name]);
      expect(lag.find((entry) => entry.partition === partitionOf('a', 4))?.committedOffset).toBe(1n);
    });
  });
}
