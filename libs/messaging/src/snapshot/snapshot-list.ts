import { PLATFORM_TENANT, isDigest, type Digest } from '@myriad/kernel';
import { z } from 'zod';
import type { SnapshotStore } from './snapshot-store.port.js';

const digest = z.string().refine(isDigest);
const offset = z.string().regex(/^\d{1,19}$/);

const snapshotSchema = z.object({
  /** Unix milliseconds of when the reading began. */
  madeAtMs: z.number().nonnegative(),
  /** Keys that have a value. */
  keys: z.int().nonnegative(),
  /** What the parts hold: records as they stood in the topic, or events in rows (`EventRows`), each found to be by its contract when it was written. Default `records`. */
  holds: z.enum(['records', 'events']).optional(),
  /** Of all parts as they are stored; not told by earlier versions. */
  sizeBytes: z.int().nonnegative().optional(),
  partitions: z.array(
    z.object({
      partition: z.int().nonnegative(),
      /** Where the topic goes on: the snapshot has what stands before. */
      position: offset,
      /** A few records that stood last before it: a log that has other ones there is another log. */
      witnesses: z.array(z.object({ offset, timestampMs: z.number() })),
    }),
  ),
  /** In the order to read them in. */
  parts: z.array(digest),
});

const listSchema = z.object({
  format: z.literal(1),
  topic: z.string(),
  /** Newest first. */
  snapshots: z.array(snapshotSchema),
  /** Parts that no snapshot names and that may lie in the store: being written now, left by who died over it, or to be removed. */
  loose: z.array(digest),
});

/** The newest record of each key up to a place in each partition, as parts in the store. */
export type Snapshot = z.output<typeof snapshotSchema>;
/** What the store has of a topic. */
export type SnapshotList = z.output<typeof listSchema>;

/** A document of the platform's, for each topic. */
const nameOf = (topic: string): string => `snapshots.${topic}`;

/** The document is there and is no list of the topic's. */
export class UnreadableList extends Error {}

/** The topic's list, undefined when there is none. @throws {UnreadableList}, and what the store throws */
export async function readList(topic: string, store: SnapshotStore): Promise<SnapshotList | undefined> {
  const found = await store.getDocument(PLATFORM_TENANT, nameOf(topic));
  return found && parseList(topic, found.bytes);
}

function parseList(topic: string, bytes: Buffer): SnapshotList {
  try {
    const list = listSchema.parse(JSON.parse(bytes.toString('utf8')));
    if (list.topic === topic) return list;
  } catch (cause) {
    throw new UnreadableList(`'${nameOf(topic)}' is no list of snapshots`, { cause });
  }
  throw new UnreadableList(`'${nameOf(topic)}' is the list of another topic`);
}

/** Digests of all parts that may lie in the store for the topic, in use or not. */
export async function snapshotParts(topic: string, store: SnapshotStore): Promise<readonly Digest[]> {
  const list = await readList(topic, store);
  return list ? [...list.loose, ...list.snapshots.flatMap(({ parts }) => parts)] : [];
}

/** A list that is replaced step by step, by one writer: its next step fails when another one stepped in. */
export class OwnedList {
  private constructor(
    private readonly store: SnapshotStore,
    private list: SnapshotList,
    private version: string | null,
  ) {}

  /** The list as it is; an empty one when there is none, or one that nobody can read. */
  static async take(topic: string, store: SnapshotStore): Promise<OwnedList> {
    const found = await store.getDocument(PLATFORM_TENANT, nameOf(topic));
    return new OwnedList(store, found ? readable(topic, found.bytes) : empty(topic), found?.version ?? null);
  }

  get current(): SnapshotList {
    return this.list;
  }

  async replace(change: Partial<Pick<SnapshotList, 'snapshots' | 'loose'>>): Promise<void> {
    const next = { ...this.list, ...change };
    const bytes = Buffer.from(JSON.stringify(next));
    this.version = await this.store.putDocument(PLATFORM_TENANT, nameOf(next.topic), bytes, this.version);
    this.list = next;
  }
}

const empty = (topic: string): SnapshotList => ({ format: 1, topic, snapshots: [], loose: [] });

function readable(topic: string, bytes: Buffer): SnapshotList {
  try {
    return parseList(topic, bytes);
  } catch {
    return empty(topic);
  }
}
