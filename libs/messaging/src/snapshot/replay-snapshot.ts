import { PLATFORM_TENANT, type Digest } from '@myriad/kernel';
import type { StoredRecord } from '../event-log.port.js';
import { answered } from './answered.js';
import { EventRows } from './event-rows.js';
import type { Snapshot } from './snapshot-list.js';
import { decodePart } from './snapshot-part.js';
import type { SnapshotStore } from './snapshot-store.port.js';

/** Who hears what a snapshot has. */
export interface SnapshotReader {
  readonly onRecord: (record: StoredRecord) => void | Promise<void>;
  /** Goes through the rows of a part. Without it a snapshot that holds events is passed over. */
  readonly onEvents?: ((rows: EventRows) => Promise<void>) | undefined;
}

/** Parts that are fetched while one is read. */
const FETCHED_AHEAD = 3;

/**
 * Gives what a snapshot has to its reader, in the order of offsets within a partition; the next parts are fetched meanwhile.
 * @returns how many records, or events
 * @throws when a part is missing or damaged; what was given until then is true all the same, only not all
 */
export async function replaySnapshot(
  topic: string,
  { parts, holds, keys }: Snapshot,
  store: SnapshotStore,
  { onRecord, onEvents }: SnapshotReader,
): Promise<number> {
  if (holds === 'events' && onEvents === undefined) throw new Error('it holds events, which nobody here reads in rows');
  const fetched = parts.slice(0, FETCHED_AHEAD).map((digest) => fetchPart(digest, store));
  for (const next of parts.keys()) {
    const ahead = parts[next + FETCHED_AHEAD];
    const part = await (fetched.shift() as Promise<Buffer>);
    if (ahead !== undefined) fetched.push(fetchPart(ahead, store));
    if (holds === 'events') await onEvents?.(await EventRows.of(part));
    else
      for (const record of await decodePart(topic, part)) {
        const wait = onRecord(record);
        if (wait) await wait;
      }
  }
  return keys;
}

function fetchPart(digest: Digest, store: SnapshotStore): Promise<Buffer> {
  const part = answered(store.getBytes(PLATFORM_TENANT, digest));
  part.catch(() => undefined); // heard when its turn comes
  return part;
}
