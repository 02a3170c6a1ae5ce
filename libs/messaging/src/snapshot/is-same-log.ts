import type { EventLog, StoredRecord } from '../event-log.port.js';
import type { Snapshot } from './snapshot-list.js';
import { topicEnds } from './topic-ends.js';

type Finding = 'same' | 'other' | 'unknown';
type Partition = Snapshot['partitions'][number];

/**
 * Whether the topic is the one that the snapshot was made of, and not a new one of its name whose offsets mean other records. It is when it
 * still has a record that the snapshot saw, none of these places has another one, and no partition ends before the snapshot does. A topic in
 * which compaction has removed all of these records can't be told from another one and counts as one.
 */
export async function isSameLog(log: EventLog, topic: string, { partitions }: Snapshot): Promise<boolean> {
  const endOf = new Map((await topicEnds(log, topic)).map(({ partition, endOffset }) => [partition, endOffset]));
  if (partitions.some(({ partition, position }) => BigInt(position) > (endOf.get(partition) ?? -1n))) return false;
  const witnessed = partitions.filter(({ witnesses }) => witnesses.length > 0);
  if (witnessed.length === 0) return partitions.every(({ position }) => position === '0');
  const findings = await lookAt(log, topic, witnessed, endOf);
  return findings.includes('same') && !findings.includes('other');
}

/** Reads each partition from its first witness until a record tells. */
async function lookAt(
  log: EventLog,
  topic: string,
  witnessed: readonly Partition[],
  endOf: ReadonlyMap<number, bigint>,
): Promise<readonly Finding[]> {
  const byPartition = new Map(witnessed.map((one) => [one.partition, one]));
  const findings = new Map<number, Finding>();
  let allFound!: () => void;
  const found = new Promise<void>((resolve) => (allFound = resolve));
  const tail = await log.tail({
    topics: [topic],
    from: [...endOf].map(([partition, end]) => {
      const first = byPartition.get(partition)?.witnesses[0];
      return { topic, partition, offset: first ? BigInt(first.offset) : end };
    }),
    onRecord: (record) => {
      const partition = byPartition.get(record.partition);
      if (!partition || findings.has(record.partition)) return;
      const finding = findingOf(partition, record);
      if (finding) findings.set(record.partition, finding);
      if (findings.size === witnessed.length) allFound();
    },
  });
  await Promise.race([tail.caughtUp, found]);
  await tail.close();
  return [...findings.values()];
}

/** undefined when the record says nothing: it stands between witnesses. */
function findingOf({ position, witnesses }: Partition, { offset, timestampMs }: StoredRecord): Finding | undefined {
  if (offset >= BigInt(position)) return 'unknown';
  const witness = witnesses.find((one) => BigInt(one.offset) === offset);
  return witness && (witness.timestampMs === timestampMs ? 'same' : 'other');
}
