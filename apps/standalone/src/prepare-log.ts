import { loadConfig, runMain } from '@myriad/config';
import { ensureContractTopics, eventLogConfig, openEventLog } from '@myriad/messaging';
import { z } from 'zod';

/**
 * Makes what the event log needs before anybody comes, and ends: the schema in PostgreSQL, which only its owner may make, or the topics in
 * Kafka, which a dozen services would all make at once. A process of its own, so that the supervisor needs not hold the messaging library for ever.
 */
await runMain(async () => {
  const config = loadConfig(z.object(eventLogConfig));
  const log = await openEventLog(config);
  if (config.EVENT_LOG === 'kafka') await ensureContractTopics(log);
  await log.close();
});
