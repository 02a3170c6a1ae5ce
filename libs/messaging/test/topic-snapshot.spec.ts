import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  MemoryBroker,
  MemoryEventLog,
  tailFromSnapshots,
  writeTopicSnapshot,
  type SnapshotStore,
  type StoredRecord,
} from '../src/index.js';
import { numbered, record, tenantKeys, testTopic, valueOf } from './support.js';

class MapStore implements SnapshotStore {
  readonly objects = new Map<string, Buffer>();

  get(name: string): Promise<Buffer | undefined> {
    return Promise.resolve(this.objects.get(name));
  }

  put(name: string, bytes: Buffer): Promise<void> {
    this.objects.set(name, bytes);
    return Promise.resolve();
  }

  remove(name: string): Promise<void> {
    this.objects.delete(name);
    return Promise.resolve();
  }

  get parts(): string[] {
    return [...this.objects.keys()].filter((name) => name.includes('/parts/'));
  }
}

describe('a snapshot of a compacted topic', () => {
  let log: MemoryEventLog;
  let store: MapStore;
  const topic = testTopic({ partitions: 4, cleanup: 'compact' });
  const keys = tenantKeys(30);
  beforeEach(async () => {
    log = new MemoryEventLog(new MemoryBroker());
    store = new MapStore();
    await log.ensureTopics([topic]);
    await log.append(numbered(topic.name, keys, 0, 5));
    await log.append([record(topic.name, keys[0]!, null)]);
  });

  /** What a new consumer holds when it is ready, and how many records brought it there. */
  async function stateOf(more: { maxAgeMs?: number } = {}): Promise<{ state: Record<string, unknown>; count: number }> {
    const state = new Map<string, unknown>();
    let count = 0;
    const onRecord = (stored: StoredRecord): void => {
      count += 1;
      if (stored.value === null) state.delete(stored.key);
      else state.set(stored.key, valueOf(stored));
    };
    const tail = await tailFromSnapshots(log, { topics: [topic.name], store, onRecord, ...more });
    await tail.caughtUp;
    await tail.close();
    return { state: Object.fromEntries([...state].sort(([a], [b]) => (a < b ? -1 : 1))), count };
  }

  it('brings a new consumer to the state of the whole topic by each key once, and what came since', async () => {
    const whole = await stateOf();
    expect(whole.count).toBe(151);
    expect(await writeTopicSnapshot(log, topic.name, store)).toBe(29);
    expect(await stateOf()).toEqual({ state: whole.state, count: 29 });
    await log.append([record(topic.name, keys[1]!, 'new'), record(topic.name, keys[2]!, null)]);
    const { state, count } = await stateOf();
    expect(count).toBe(31);
    expect(state[keys[1]!]).toBe('new');
    expect(Object.keys(state)).toHaveLength(28);
  });

  it('replaces the one before and removes what only that had', async () => {
    await writeTopicSnapshot(log, topic.name, store);
    const before = store.parts;
    await log.append(numbered(topic.name, keys, 9, 1));
    await writeTopicSnapshot(log, topic.name, store);
    expect(store.parts).toHaveLength(1);
    expect(store.parts).not.toEqual(before);
    expect((await stateOf()).count).toBe(30);
  });

  it('is passed over when it is damaged, incomplete, too old or of another log', async () => {
    const { state } = await stateOf();
    await writeTopicSnapshot(log, topic.name, store);
    const [part = ''] = store.parts;
    const bytes = store.objects.get(part)!;
    const whole = { state, count: 151 };
    expect(await stateOf({ maxAgeMs: -1 })).toEqual(whole);
    store.objects.set(part, Buffer.concat([bytes.subarray(0, -1), Buffer.from([255])]));
    expect(await stateOf()).toEqual(whole);
    store.objects.delete(part);
    expect(await stateOf()).toEqual(whole);
    store.objects.set(part, bytes);
    const manifest = `snapshots/${topic.name}/latest.json`;
    const text = String(store.objects.get(manifest));
    store.objects.set(manifest, Buffer.from(text.replaceAll(/"offset":"\d+"/g, '"offset":"999"')));
    expect(await stateOf()).toEqual(whole);
    store.objects.set(manifest, Buffer.from('{'));
    expect(await stateOf()).toEqual(whole);
  });
});
