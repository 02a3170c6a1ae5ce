import { loadConfig, runMain } from '@myriad/config';
import { PostgresEventLog } from '@myriad/messaging';
import { z } from 'zod';

const schema = z.object({
  EVENT_LOG_URL: z.string().min(1).describe('connection string of the role that owns the event log'),
});

/** Makes the event log's schema and ends. A process of its own, so that the supervisor needs not hold the messaging library for ever. */
await runMain(async () => {
  const log = await PostgresEventLog.open({ url: loadConfig(schema).EVENT_LOG_URL });
  await log.close();
});
