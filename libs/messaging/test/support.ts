import type { TopicDefinition } from '@myriad/contracts';
import { randomBytes } from 'node:crypto';
import {
  silentLogger,
  tailFromSnapshots,
  type EventLog,
  type NewRecord,
  type RecordBatch,
  type SnapshotStore,
  type StoredRecord,
  type SubscribeOptions,
  type Subscription,
} from '../src/index.js';

/** One log server and its clients, as a contract suite needs them. */
export interface LogHarness {
  /** A client as another process would have it. */
  connect(): Promise<EventLog>;
  /** Drops the client's connections without leaving its groups, as `kill -9` does. */
  crash(log: EventLog): Promise<void>;
  close(): Promise<void>;
}

/** A topic or group of its own for each test. */
export const unique = (prefix: string): string => `${prefix}.${randomBytes(5).toString('hex')}`;

export function testTopic(more: Partial<TopicDefinition> = {}): TopicDefinition {
  return { name: unique('myriad.test'), partitions: 4, cleanup: 'delete', retentionMs: 86_400_000, ...more };
}

export function record(topic: string, key: string, value: unknown, headers: Record<string, string> = {}): NewRecord {
  return { topic, key, value: value === null ? null : Buffer.from(JSON.stringify(value)), headers };
}

/** `perKey` numbered records of each key, the keys interleaved. */
export function numbered(topic: string, keys: readonly string[], from: number, perKey: number): NewRecord[] {
  return Array.from({ length: perKey }, (_, n) => keys.map((key) => record(topic, key, from + n))).flat();
}

export const valueOf = (stored: StoredRecord): unknown =>
  stored.value === null ? null : (JSON.parse(stored.value.toString('utf8')) as unknown);

/** Everything that the topic holds. */
export async function readAll(log: EventLog, topic: string): Promise<StoredRecord[]> {
  const records: StoredRecord[] = [];
  const tail = await log.tail({ topics: [topic], onRecord: (stored) => void records.push(stored) });
  await tail.caughtUp;
  await tail.close();
  return records;
}

/** A consumer of a compacted topic that has caught up. */
export interface CaughtUp {
  readonly state: ReadonlyMap<string, unknown>;
  /** Records that brought it there. */
  readonly count: number;
  /** What was logged on the way. */
  readonly warnings: readonly string[];
}

/** Lets a new consumer of a compacted topic catch up, from the newest snapshot on. */
export async function stateFromSnapshots(
  log: EventLog,
  topic: string,
  store: SnapshotStore,
  maxAgeMs?: number,
): Promise<CaughtUp> {
  const state = new Map<string, unknown>();
  const warnings: string[] = [];
  let count = 0;
  const tail = await tailFromSnapshots(log, {
    topics: [topic],
    store,
    logger: { ...silentLogger, warn: (_fields, message) => void warnings.push(message) },
    ...(maxAgeMs === undefined ? {} : { maxAgeMs }),
    onRecord: (stored) => {
      count += 1;
      if (stored.value === null) state.delete(stored.key);
      else state.set(stored.key, valueOf(stored));
    },
  });
  await tail.caughtUp;
  await tail.close();
  return { state, count, warnings };
}

export interface Handled {
  readonly member: string;
  readonly record: StoredRecord;
}

/** What the members of a group handled, in order, and whether two ever had the same partition in hand. */
export class Journal {
  readonly handled: Handled[] = [];
  readonly overlaps: string[] = [];
  private readonly inHand = new Map<string, string>();
  private readonly dead = new Set<string>();

  /** Handles and commits record by record, slowly enough for others to come in between. */
  handler(member: string, pauseMs = 0): (batch: RecordBatch) => Promise<void> {
    return async (batch) => {
      const name = `${batch.topic}/${batch.partition}`;
      const other = this.inHand.get(name);
      if (this.dead.has(member)) return;
      if (other !== undefined) this.overlaps.push(`${name} by ${other} and ${member}`);
      this.inHand.set(name, member);
      try {
        for (const stored of batch.records) {
          if (batch.signal.aborted || this.dead.has(member)) return;
          if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
          this.handled.push({ member, record: stored });
          if (pauseMs > 0) await batch.commit(stored.offset);
        }
        const last = batch.records.at(-1);
        if (last && pauseMs === 0) await batch.commit(last.offset);
      } finally {
        if (this.inHand.get(name) === member) this.inHand.delete(name);
      }
    };
  }

  /** Takes what a member has in hand from it: its process is dead. */
  forget(member: string): void {
    this.dead.add(member);
    for (const [name, owner] of this.inHand) if (owner === member) this.inHand.delete(name);
  }

  join(log: EventLog, member: string, options: SubscribeOptions, pauseMs = 0): Promise<Subscription> {
    return log.subscribe(options, this.handler(member, pauseMs));
  }

  valuesOf(key: string): unknown[] {
    return this.handled.filter((entry) => entry.record.key === key).map((entry) => valueOf(entry.record));
  }

  members(): string[] {
    return [...new Set(this.handled.map((entry) => entry.member))].sort();
  }
}

export const range = (length: number): number[] => Array.from({ length }, (_, n) => n);

/** Keys of tenants `t0`, `t1`, … */
export const tenantKeys = (count: number): string[] => range(count).map((n) => `t${n}/thing`);

/** A promise and the function that settles it. */
export function deferred<T = void>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
