import { beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@myriad/testing';
import { MemoryEventLog, SnapshotWriter, silentLogger, type SnapshotWriterOptions } from '../src/index.js';
import { MemorySnapshotStore } from './memory-snapshot-store.js';
import { deferred, numbered, record, tenantKeys, testTopic } from './support.js';

const topic = testTopic({ partitions: 4, cleanup: 'compact' });
const document = `snapshots.${topic.name}`;
const keys = tenantKeys(30);
const HOUR_MS = 3_600_000;

interface List {
  readonly snapshots: readonly { readonly madeAtMs: number; readonly keys: number }[];
}

describe('SnapshotWriter', () => {
  let log: MemoryEventLog;
  let store: MemorySnapshotStore;
  let warnings: string[];
  beforeEach(async () => {
    log = new MemoryEventLog();
    store = new MemorySnapshotStore();
    warnings = [];
    await log.ensureTopics([topic]);
    await log.append(numbered(topic.name, keys, 0, 1));
  });

  const writerWith = (more: Partial<SnapshotWriterOptions> = {}): SnapshotWriter =>
    new SnapshotWriter({
      log,
      store,
      topics: [topic.name],
      isLeader: () => true,
      logger: { ...silentLogger, warn: (_fields, message) => void warnings.push(message) },
      afterRecords: 10,
      afterMs: HOUR_MS,
      ...more,
    });
  const list = (): List => JSON.parse(String(store.documents.get(document))) as List;
  const made = (): number => (store.documents.has(document) ? list().snapshots.length : 0);
  /** Makes the snapshots older than they are. */
  const age = (ms: number): void => {
    const snapshots = list().snapshots.map((one) => ({ ...one, madeAtMs: one.madeAtMs - ms }));
    store.edit(document, (text) => JSON.stringify({ ...(JSON.parse(text) as object), snapshots }));
  };

  it('writes the first at once, and the next after enough records', async () => {
    const writer = writerWith();
    await writer.look();
    await writer.look();
    expect(list().snapshots).toMatchObject([{ keys: 30 }]);
    await log.append(numbered(topic.name, keys.slice(0, 9), 1, 1));
    await writer.look();
    expect(made()).toBe(1);
    await log.append([record(topic.name, keys[20]!, null)]);
    await writer.look();
    expect(list().snapshots).toMatchObject([{ keys: 29 }, { keys: 30 }]);
  });

  it('writes after a while if anything came, and in any case before readers find it too old', async () => {
    const writer = writerWith();
    await writer.look();
    age(2 * HOUR_MS);
    await writer.look();
    expect(made()).toBe(1);
    await log.append([record(topic.name, keys[0]!, 1)]);
    await writer.look();
    expect(made()).toBe(2);
    age(6 * HOUR_MS);
    await writer.look();
    expect(made()).toBe(3);
  });

  it('writes at once when the topic has begun anew', async () => {
    await writerWith().look();
    log = new MemoryEventLog();
    await log.ensureTopics([topic]);
    await log.append([record(topic.name, keys[0]!, 1)]);
    await writerWith().look();
    expect(list().snapshots).toMatchObject([{ keys: 1 }, { keys: 30 }]);
  });

  it('leaves it to the leader', async () => {
    await writerWith({ isLeader: () => false }).look();
    expect(store.documents.size).toBe(0);
  });

  it('replaces a list that nobody can read', async () => {
    store.documents.set(document, Buffer.from('nonsense'));
    await writerWith().look();
    expect(list().snapshots).toMatchObject([{ keys: 30 }]);
    expect(warnings).toEqual(['the list of snapshots is unreadable and will be replaced']);
  });

  it('tries again at the next look when the store fails, and the other topics have their turn', async () => {
    const other = testTopic({ cleanup: 'compact' });
    await log.ensureTopics([other]);
    store.before = (call) => {
      if (call === 'put') throw new Error('no room');
    };
    const writer = writerWith({ topics: [topic.name, other.name] });
    await writer.look();
    expect(warnings).toEqual(['no snapshot was written']);
    expect(store.documents.has(`snapshots.${other.name}`)).toBe(true);
    store.before = () => undefined;
    await writer.look();
    expect(made()).toBe(1);
  });

  it('looks by itself, and gives up what it is at when it closes', async () => {
    const reached = deferred();
    const goOn = deferred();
    store.before = async (call) => {
      if (call !== 'getDocument') return;
      reached.resolve();
      await goOn.promise;
    };
    const writer = writerWith({ intervalMs: 5 });
    writer.start();
    await reached.promise;
    const closed = writer.close();
    goOn.resolve();
    await closed;
    expect([made(), warnings]).toEqual([0, []]);
    store.before = () => undefined;
    const next = writerWith({ intervalMs: 5 });
    next.start();
    await eventually(() => {
      expect(made()).toBe(1);
    });
    await next.close();
  });
});
