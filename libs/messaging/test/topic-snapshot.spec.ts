import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { FileObjectStore } from '@myriad/storage';
import { tempFolder, type TempFolder } from '@myriad/testing';
import { MemoryBroker, MemoryEventLog, snapshotParts, writeTopicSnapshot, type SnapshotStore } from '../src/index.js';
import { MemorySnapshotStore } from './memory-snapshot-store.js';
import { numbered, record, stateFromSnapshots, tenantKeys, testTopic } from './support.js';

const topic = testTopic({ partitions: 4, cleanup: 'compact' });
const keys = tenantKeys(30);
const document = `snapshots.${topic.name}`;
/** Records of the topic as the tests begin: five of each key, and a tombstone. */
const WHOLE = 151;

/** What a new consumer holds when it is ready, and how many records brought it there. */
async function stateOf(log: MemoryEventLog, store: SnapshotStore, maxAgeMs?: number) {
  const { state, ...seen } = await stateFromSnapshots(log, topic.name, store, maxAgeMs);
  return { state: Object.fromEntries([...state].sort(([a], [b]) => (a < b ? -1 : 1))), ...seen };
}

async function filledLog(broker = new MemoryBroker()): Promise<MemoryEventLog> {
  const log = new MemoryEventLog(broker);
  await log.ensureTopics([topic]);
  await log.append(numbered(topic.name, keys, 0, 5));
  await log.append([record(topic.name, keys[0]!, null)]);
  return log;
}

describe('a snapshot of a compacted topic', () => {
  let log: MemoryEventLog;
  let folder: TempFolder;
  let store: FileObjectStore;
  const write = () => writeTopicSnapshot({ log, topic: topic.name, store });
  beforeEach(async () => {
    log = await filledLog();
    folder = await tempFolder();
    store = await FileObjectStore.open({ root: folder.path });
  });
  afterEach(async () => {
    await folder.remove();
  });

  it('brings a new consumer to the state of the whole topic by each key once, and what came since', async () => {
    const whole = await stateOf(log, store);
    expect(whole).toMatchObject({ count: WHOLE, warnings: [] });
    expect((await write()).keys).toBe(29);
    expect(await stateOf(log, store)).toEqual({ state: whole.state, count: 29, warnings: [] });
    await log.append([record(topic.name, keys[1]!, 'new'), record(topic.name, keys[2]!, null)]);
    const { state, count } = await stateOf(log, store);
    expect(count).toBe(31);
    expect(state[keys[1]!]).toBe('new');
    expect(Object.keys(state)).toHaveLength(28);
  });

  it('holds when compaction has removed what stood behind it', async () => {
    await write();
    await log.append([...numbered(topic.name, keys.slice(1, 6), 5, 3), record(topic.name, keys[7]!, null)]);
    const { state } = await stateOf(log, store);
    await log.compact(topic.name);
    expect(await stateOf(log, store)).toEqual({ state, count: 29 + 6, warnings: [] });
  });

  it('of an empty topic begins nowhere', async () => {
    log = new MemoryEventLog();
    await log.ensureTopics([topic]);
    expect((await write()).keys).toBe(0);
    await log.append([record(topic.name, keys[0]!, 1)]);
    expect(await stateOf(log, store)).toEqual({ state: { [keys[0]!]: 1 }, count: 1, warnings: [] });
  });
});

describe('snapshots of a topic in the store', () => {
  let log: MemoryEventLog;
  let store: MemorySnapshotStore;
  const write = () => writeTopicSnapshot({ log, topic: topic.name, store });
  beforeEach(async () => {
    log = await filledLog();
    store = new MemorySnapshotStore();
  });

  it('are three at most, and nothing else is there', async () => {
    for (let n = 0; n < 5; n += 1) {
      await log.append(numbered(topic.name, keys, 9 + n, 1));
      await write();
    }
    expect(store.objects.size).toBe(3);
    expect(new Set(await snapshotParts(topic.name, store))).toEqual(new Set(store.objects.keys()));
  });

  it('are not seen until they are whole, and what a dead writer left goes with the next', async () => {
    const whole = await stateOf(log, store);
    store.before = (call) => {
      if (call === 'putDocument' && store.objects.size === 1) throw new Error('killed');
    };
    await expect(write()).rejects.toThrow('killed');
    const [left] = store.objects.keys();
    store.before = () => undefined;
    expect(await snapshotParts(topic.name, store)).toEqual([left]);
    expect(await stateOf(log, store)).toEqual(whole);
    await log.append(numbered(topic.name, keys, 9, 1));
    await write();
    expect(store.objects.has(left!)).toBe(false);
    expect(store.objects.size).toBe(1);
  });

  it('are written by one process: another one that steps in stops the first', async () => {
    let hasStepped = false;
    store.before = async (call) => {
      if (call !== 'put' || hasStepped) return;
      hasStepped = true;
      await write();
    };
    await expect(write()).rejects.toThrow('another writer was faster');
    const seen = await stateOf(log, store);
    expect(seen).toMatchObject({ count: 29, warnings: [] });
  });

  it('give way to the one before when the newest is damaged, and to the topic when all are', async () => {
    const { state } = await stateOf(log, store);
    await write();
    const [first] = store.objects.keys();
    await log.append(numbered(topic.name, keys.slice(1), 4, 1));
    await write();
    const second = [...store.objects.keys()].find((digest) => digest !== first)!;
    store.objects.set(second, Buffer.from('damaged'));
    const passedOver = 'passed over a snapshot that can not be used';
    expect(await stateOf(log, store)).toEqual({ state, count: 29 + 29, warnings: [passedOver] });
    store.objects.delete(first!);
    expect(await stateOf(log, store)).toEqual({ state, count: WHOLE + 29, warnings: [passedOver, passedOver] });
  });

  it('are passed over when they are too old', async () => {
    const { state } = await stateOf(log, store);
    await write();
    expect(await stateOf(log, store, -1)).toMatchObject({ state, count: WHOLE });
  });

  it.each([
    ['is no JSON', () => '{'],
    ['is of another topic', (text: string) => text.replace(topic.name, 'myriad.other.v1')],
    ['is of a later format', (text: string) => text.replace('"format":1', '"format":2')],
  ])('are passed over when their list %s, and it is replaced', async (_what, change) => {
    const { state } = await stateOf(log, store);
    await write();
    store.edit(document, change);
    const unreadable = 'the topic is read whole: its snapshots can not be read';
    expect(await stateOf(log, store)).toEqual({ state, count: WHOLE, warnings: [unreadable] });
    await write();
    expect(await stateOf(log, store)).toMatchObject({ state, count: 29 });
  });

  it('have several parts when there is much, and a part that can not be stored ends the writing', async () => {
    const value = 'x'.repeat(900_000);
    await log.append(Array.from({ length: 12 }, (_, n) => record(topic.name, `big/${n}`, value)));
    const { state } = await stateOf(log, store);
    let hasFailed = false;
    store.before = (call) => {
      if (call !== 'put' || hasFailed) return;
      hasFailed = true;
      throw new Error('no room');
    };
    await expect(write()).rejects.toThrow('no room');
    expect((await write()).parts.length).toBeGreaterThan(1);
    expect(await stateOf(log, store)).toEqual({ state, count: 41, warnings: [] });
  });

  it('leave nobody waiting for a stop that does not come', async () => {
    const joined = jest.spyOn(AbortSignal, 'any');
    await write();
    const signals = joined.mock.results.map(({ value }) => value as AbortSignal);
    joined.mockRestore();
    expect(signals).toHaveLength(2 * topic.partitions);
    expect(signals.flatMap((signal) => getEventListeners(signal, 'abort'))).toEqual([]);
  });

  it('end when they are told to', async () => {
    const stop = new AbortController();
    store.before = (call) => {
      if (call === 'getDocument') stop.abort(new Error('enough'));
    };
    await expect(writeTopicSnapshot({ log, topic: topic.name, store, signal: stop.signal })).rejects.toThrow('enough');
    expect(store.objects.size).toBe(0);
  });

  it('are not waited for when the store is away', async () => {
    await write();
    store.before = () => {
      throw new Error('away');
    };
    expect((await stateOf(log, store)).count).toBe(WHOLE);
  });

  it('are waited for ten seconds when the store is silent', async () => {
    await write();
    jest.useFakeTimers();
    try {
      store.before = () => new Promise(() => undefined);
      const reading = stateOf(log, store);
      await jest.advanceTimersByTimeAsync(10_000);
      expect((await reading).count).toBe(WHOLE);
    } finally {
      jest.useRealTimers();
    }
  });

  it('of a topic that was made anew are known by its records, however many it has', async () => {
    await write();
    const anew = new MemoryEventLog();
    await anew.ensureTopics([topic]);
    await new Promise((resolve) => setTimeout(resolve, 5)); // the clock of the records has moved on
    await anew.append(numbered(topic.name, keys.slice(0, 20), 50, 20));
    const { state, count } = await stateOf(anew, store);
    expect(count).toBe(400);
    expect(state).toEqual(
      Object.fromEntries(
        keys
          .slice(0, 20)
          .sort()
          .map((key) => [key, 69]),
      ),
    );
    await anew.compact(topic.name);
    expect((await stateOf(anew, store)).state).toEqual(state);
  });

  it('of a topic that was made anew and is shorter are known by its end', async () => {
    await write();
    const anew = new MemoryEventLog();
    await anew.ensureTopics([topic]);
    await anew.append([record(topic.name, keys[3]!, 1)]);
    expect(await stateOf(anew, store)).toMatchObject({ state: { [keys[3]!]: 1 }, count: 1 });
  });

  it('of a log that lost its end are of another log', async () => {
    const { state } = await stateOf(log, store);
    await write();
    store.edit(document, (text) => text.replaceAll(/"position":"\d+"/g, '"position":"999"'));
    expect(await stateOf(log, store)).toMatchObject({ state, count: WHOLE });
  });
});
