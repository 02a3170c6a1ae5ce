import type { TailPosition } from '../event-log.port.js';
import type { PartitionEnd } from './tail-reader.js';

/** Where to begin, by `topic/partition`; a place beyond the end is of another log than this one and counts for nothing. */
export function tailPositions(
  from: readonly TailPosition[] | undefined,
  ends: readonly PartitionEnd[],
): ReadonlyMap<string, bigint> {
  const endOf = new Map(ends.map(({ topic, partition, end }) => [`${topic}/${partition}`, end]));
  const positions = new Map<string, bigint>();
  for (const { topic, partition, offset } of from ?? []) {
    const end = endOf.get(`${topic}/${partition}`);
    if (end !== undefined && offset >= 0n && offset <= end) positions.set(`${topic}/${partition}`, offset);
  }
  return positions;
}
