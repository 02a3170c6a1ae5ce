import { describe, expect, it } from '@jest/globals';
import { defineEvent, eventTopic, type CloudEvent, type EventDefinition } from '@myriad/contracts';
import { eventually } from '@myriad/testing';
import { z } from 'zod';
import {
  DeadLetters,
  EventLogServer,
  makeEvent,
  silentLogger,
  toRecord,
  type EventLog,
  type StoredRecord,
} from '../src/index.js';
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

/** The part of the contract that services rely on beyond groups: dead letters, back-pressure, places to begin at, and members that die under load. */
export function serviceContract(suite: () => { harness: LogHarness; log: EventLog }, crashMs: number): void {
  const patience = { timeoutMs: crashMs };

  describe('under a service', () => {
    it('tails from given places, and from the start where the place is none', async () => {
      const { log } = suite();
      const topic = testTopic({ partitions: 3 });
      await log.ensureTopics([topic]);
      const keys = tenantKeys(12);
      await log.append(numbered(topic.name, keys, 0, 10));
      const all: StoredRecord[] = [];
      const first = await log.tail({ topics: [topic.name], onRecord: (stored) => void all.push(stored) });
      await first.caughtUp;
      await first.close();
      const endOf = (partition: number): number => all.filter((stored) => stored.partition === partition).length;
      const from = [
        { topic: topic.name, partition: 0, offset: BigInt(endOf(0) - 5) },
        { topic: topic.name, partition: 1, offset: BigInt(endOf(1)) },
        { topic: topic.name, partition: 2, offset: BigInt(endOf(2) + 1) },
      ];
      const seen: StoredRecord[] = [];
      const tail = await log.tail({ topics: [topic.name], from, onRecord: (stored) => void seen.push(stored) });
      await tail.caughtUp;
      const wanted = all.filter(
        ({ partition, offset }) => partition === 2 || offset >= (from[partition]?.offset ?? 0n),
      );
      const placesOf = (records: readonly StoredRecord[]): string[] =>
        records.map(({ partition, offset }) => `${partition}/${offset}`).sort();
      expect(placesOf(seen)).toEqual(placesOf(wanted));
      await log.append(numbered(topic.name, keys, 10, 1));
      await eventually(() => {
        expect(seen).toHaveLength(wanted.length + 12);
      });
      await tail.close();
    });

    it('lets a slow partition wait without stopping the others, and says how old what waits is', async () => {
      const { log } = suite();
      const topic = testTopic({ partitions: 2 });
      await log.ensureTopics([topic]);
      const keys = tenantKeys(16);
      const release = deferred();
      const handled: StoredRecord[] = [];
      let largest = 0;
      const member = await log.subscribe(
        { group: unique('group'), topics: [topic.name], maxBatch: 50 },
        async (batch) => {
          largest = Math.max(largest, batch.records.length);
          if (batch.partition === 0) await release.promise;
          handled.push(...batch.records);
          await batch.commit(batch.records.at(-1)!.offset);
        },
      );
      for (const n of range(40)) await log.append(numbered(topic.name, keys, n * 5, 5));
      const quick = (): number => handled.filter(({ partition }) => partition === 1).length;
      const end = (await log.lag(unique('group'), [topic.name])).map(({ endOffset }) => Number(endOffset));
      await eventually(() => {
        expect(quick()).toBe(end[1]);
      }, patience);
      expect(handled.length).toBe(end[1]);
      const { partitions, oldestMs } = member.state();
      expect(partitions).toBe(2);
      expect(Date.now() - oldestMs.get(topic.name)!).toBeGreaterThanOrEqual(0);
      expect(Date.now() - oldestMs.get(topic.name)!).toBeLessThan(60_000);
      release.resolve();
      await eventually(() => {
        expect(handled).toHaveLength(3_200);
      }, patience);
      expect(largest).toBeLessThanOrEqual(50);
      for (const key of keys) expect(handled.filter((stored) => stored.key === key).map(valueOf)).toEqual(range(200));
      await member.close();
    });

    it('never has a partition in two hands while members join, leave and die under load', async () => {
      const { harness, log } = suite();
      const topic = testTopic({ partitions: 6 });
      await log.ensureTopics([topic]);
      const keys = tenantKeys(18);
      const journal = new Journal();
      const options = { group: unique('group'), topics: [topic.name], maxBatch: 25, sessionTimeoutMs: 1_500 };
      const stop = new AbortController();
      let sent = 0;
      const producing = (async () => {
        for (; !stop.signal.aborted; sent += 1) {
          await log.append(numbered(topic.name, keys, sent, 1));
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      })();
      const last = await journal.join(log, 'last', options, 1);
      for (const round of range(2)) {
        const [doomed, guest] = await Promise.all([harness.connect(), harness.connect()]);
        await Promise.all([
          journal.join(doomed, `doomed ${round}`, options, 1),
          journal.join(guest, `guest ${round}`, options, 1),
        ]);
        await eventually(() => {
          expect(journal.members()).toEqual(expect.arrayContaining([`doomed ${round}`, `guest ${round}`]));
        }, patience);
        journal.forget(`doomed ${round}`); // a dead process has nothing in hand
        await harness.crash(doomed);
        await guest.close();
        await doomed.close();
      }
      stop.abort();
      await producing;
      await eventually(() => {
        for (const key of keys) expect(new Set(journal.valuesOf(key)).size).toBe(sent);
      }, patience);
      for (const key of keys) expect([...new Set(journal.valuesOf(key))]).toEqual(range(sent));
      expect(journal.overlaps).toEqual([]);
      await last.close();
    }, 90_000);

    it('keeps dead letters with reason and place, gives them again, and puts them away', async () => {
      const { log } = suite();
      const topic = eventTopic(unique('myriad.test'), 2);
      const madeV1 = defineEvent({
        type: `${unique('test')}.made.v1`,
        topic,
        summary: 'A thing was made.',
        data: z.object({ n: z.int() }),
        key: (data, tenant) => `${tenant}/${data.n}`,
        example: { n: 1 },
      });
      const group = unique('group');
      const attempts: number[] = [];
      let isBroken = true;
      const server = new EventLogServer({
        log,
        group,
        logger: silentLogger,
        maxAttempts: 1,
        definitions: new Map([[madeV1.type, madeV1]]),
      });
      server.addHandler(
        madeV1.type,
        (event: CloudEvent<{ n: number }>) => {
          attempts.push(event.data.n);
          if (isBroken && event.data.n !== 2) throw new Error(`${event.data.n} can not be done`);
          return Promise.resolve();
        },
        true,
      );
      await log.ensureTopics([topic]);
      expect(
        await new Promise((resolve) => {
          server.listen(resolve);
        }),
      ).toBeUndefined();
      const events = [1, 2, 3].map((n) => makeEvent(madeV1, { tenantId: 'aa', data: { n }, source: 'test' }));
      await log.append(events.map((event) => toRecord(event, madeV1 as unknown as EventDefinition)));
      await log.append([record(topic.name, 'aa/x', { no: 'event' })]);
      const letters = new DeadLetters(log, group);
      await eventually(async () => {
        expect(await letters.list()).toHaveLength(3);
      }, patience);
      const [one, three, alien] = ['aa/1', 'aa/3', 'aa/x'].map((key) => ({ key }));
      const found = new Map((await letters.list()).map((letter) => [letter.key, letter]));
      expect(found.get(one!.key)).toMatchObject({
        reason: '1 can not be done',
        code: 'Error',
        attempts: 1,
        topic: topic.name,
      });
      expect(found.get(alien!.key)?.code).toBe('messaging.invalid_event');
      for (const { reason } of found.values()) expect(reason).not.toMatch(/\n\s+at /);
      isBroken = false;
      expect(await letters.replay([found.get(one!.key)!.id])).toBe(1);
      expect(await letters.discard([found.get(alien!.key)!.id])).toBe(1);
      await eventually(async () => {
        expect(attempts.filter((n) => n === 1)).toHaveLength(2);
        expect((await letters.list()).map(({ key }) => key)).toEqual([three!.key]);
      }, patience);
      await server.close();
    }, 60_000);
  });
}
