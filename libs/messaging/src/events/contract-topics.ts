import { topics } from '@myriad/contracts';
import type { EventLog } from '../event-log.port.js';

/** Makes every topic of the contracts; each service calls it at start, in any order. */
export function ensureContractTopics(log: EventLog): Promise<void> {
  return log.ensureTopics(topics);
}
