import type { EventLog, PartitionLag } from '../event-log.port.js';

/** In which nobody consumes. */
const GROUP = 'myriad-snapshot';

/** Where the partitions of a topic end now. */
export function topicEnds(log: EventLog, topic: string): Promise<readonly PartitionLag[]> {
  return log.lag(GROUP, [topic]);
}
