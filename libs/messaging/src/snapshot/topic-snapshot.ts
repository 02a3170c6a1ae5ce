import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { EventLog, StoredRecord, TailPosition } from '../event-log.port.js';
import { decodePart, encodePart } from './snapshot-part.js';
import type { SnapshotStore } from './snapshot-store.port.js';

/** Records a part; a part of small records has a few MB. */
const PART_RECORDS = 20_000;

const manifestSchema = z.object({
  format: z.literal(1),
  topic: z.string(),
  madeAtMs: z.number(),
  positions: z.array(z.object({ partition: z.int().nonnegative(), offset: z.string().regex(/^\d+$/) })),
  /** Names are digests of what the parts hold. */
  parts: z.array(z.string().regex(/^[0-9a-f]{64}$/)),
});
type Manifest = z.infer<typeof manifestSchema>;

/** The newest record of each key up to the positions; from there the topic itself goes on. */
export interface TopicSnapshot {
  readonly madeAtMs: number;
  readonly positions: readonly TailPosition[];
  readonly parts: readonly Buffer[];
}

const manifestName = (topic: string): string => `snapshots/${topic}/latest.json`;
const partName = (topic: string, digest: string): string => `snapshots/${topic}/parts/${digest}`;
const digestOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/**
 * Writes a snapshot of a compacted topic as it is now, and points to it last: a reader sees the old one or the new one, whole. Parts that only
 * the old one had are removed then. Holds all keys in memory while it works.
 * @returns how many keys.
 */
export async function writeTopicSnapshot(log: EventLog, topic: string, store: SnapshotStore): Promise<number> {
  const madeAtMs = Date.now();
  const newest = new Map<string, StoredRecord>();
  const next = new Map<number, bigint>();
  const tail = await log.tail({
    topics: [topic],
    onRecord: (record) => {
      next.set(record.partition, record.offset + 1n);
      newest.delete(record.key); // so that the map stays in the order of offsets
      if (record.value !== null) newest.set(record.key, record);
    },
  });
  await tail.caughtUp;
  await tail.close();
  const before = await readManifest(topic, store).catch(() => undefined);
  const parts: string[] = [];
  const records = [...newest.values()];
  for (let from = 0; from < records.length; from += PART_RECORDS) {
    const bytes = await encodePart(records.slice(from, from + PART_RECORDS));
    const digest = digestOf(bytes);
    await store.put(partName(topic, digest), bytes);
    parts.push(digest);
  }
  const positions = [...next].map(([partition, offset]) => ({ partition, offset: String(offset) }));
  const manifest: Manifest = { format: 1, topic, madeAtMs, positions, parts };
  await store.put(manifestName(topic), Buffer.from(JSON.stringify(manifest)));
  const kept = new Set(parts);
  for (const part of before?.parts ?? []) if (!kept.has(part)) await store.remove(partName(topic, part));
  return records.length;
}

async function readManifest(topic: string, store: SnapshotStore): Promise<Manifest | undefined> {
  const bytes = await store.get(manifestName(topic));
  if (bytes === undefined) return undefined;
  const manifest = manifestSchema.parse(JSON.parse(bytes.toString('utf8')));
  if (manifest.topic !== topic) throw new Error(`the snapshot is of '${manifest.topic}'`);
  return manifest;
}

/** Reads a topic's snapshot; undefined when there is none. @throws when a part is missing or is not what its name says. */
export async function readTopicSnapshot(topic: string, store: SnapshotStore): Promise<TopicSnapshot | undefined> {
  const manifest = await readManifest(topic, store);
  if (!manifest) return undefined;
  const parts = await Promise.all(manifest.parts.map((digest) => store.get(partName(topic, digest))));
  for (const [index, bytes] of parts.entries())
    if (bytes === undefined || digestOf(bytes) !== manifest.parts[index])
      throw new Error(`part ${index} of the snapshot is missing or damaged`);
  const positions = manifest.positions.map(({ partition, offset }) => ({ topic, partition, offset: BigInt(offset) }));
  return { madeAtMs: manifest.madeAtMs, positions, parts: parts as Buffer[] };
}

/** Gives the records of a snapshot to `onRecord`, in the order of offsets within a partition. */
export async function replaySnapshot(
  topic: string,
  { parts }: TopicSnapshot,
  onRecord: (record: StoredRecord) => void | Promise<void>,
): Promise<void> {
  for (const part of parts)
    for (const record of await decodePart(topic, part)) {
      const wait = onRecord(record);
      if (wait) await wait;
    }
}
