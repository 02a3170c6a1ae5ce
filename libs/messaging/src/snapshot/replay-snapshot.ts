import { PLATFORM_TENANT, type Digest } from '@myriad/kernel';
import type { StoredRecord } from '../event-log.port.js';
import { answered } from './answered.js';
import type { Snapshot } from './snapshot-list.js';
import { decodePart } from './snapshot-part.js';
import type { SnapshotStore } from './snapshot-store.port.js';

/**
 * Gives the records of a snapshot to `onRecord`, in the order of offsets within a partition; the next part is fetched meanwhile.
 * @returns how many
 * @throws when a part is missing or damaged; what was given until then is true all the same, only not all
 */
export async function replaySnapshot(
  topic: string,
  { parts, isChecked = false }: Snapshot,
  store: SnapshotStore,
  onRecord: (record: StoredRecord) => void | Promise<void>,
): Promise<number> {
  let count = 0;
  let next = fetchPart(parts[0], store);
  for (const index of parts.keys()) {
    const part = await next;
    next = fetchPart(parts[index + 1], store);
    for (const record of part ? await decodePart(topic, part) : []) {
      const wait = onRecord(isChecked ? { ...record, isChecked } : record);
      if (wait) await wait;
      count += 1;
    }
  }
  return count;
}

function fetchPart(digest: Digest | undefined, store: SnapshotStore): Promise<Buffer | undefined> {
  if (digest === undefined) return Promise.resolve(undefined);
  const part = answered(store.getBytes(PLATFORM_TENANT, digest));
  part.catch(() => undefined); // heard when its turn comes
  return part;
}
