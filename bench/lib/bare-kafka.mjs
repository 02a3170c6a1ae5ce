import { loadConfig } from '@myriad/config';
import { eventLogConfig, openEventLog } from '@myriad/messaging';
import { z } from 'zod';

const TOPIC = { name: 'myriad.bench.bare.v1', partitions: 8, cleanup: 'delete', retentionMs: 3_600_000 };
const RECORDS = 100_000;

/** Records a second through the port alone, appended in calls of 500 and handled without an inbox. */
export async function bareKafkaRate(brokers) {
  const log = await openEventLog(loadConfig(z.object(eventLogConfig), { EVENT_LOG: 'kafka', KAFKA_BROKERS: brokers }));
  try {
    await log.ensureTopics([TOPIC]);
    const value = Buffer.from('x'.repeat(400));
    let handled = 0;
    let done;
    const all = new Promise((resolve) => (done = resolve));
    await log.subscribe({ group: 'bare', topics: [TOPIC.name] }, async (batch) => {
      handled += batch.records.length;
      await batch.commit(batch.records.at(-1).offset);
      if (handled >= RECORDS) done();
    });
    const fromMs = performance.now();
    for (let n = 0; n < RECORDS; n += 500)
      await log.append(
        Array.from({ length: 500 }, (_, i) => ({
          topic: TOPIC.name,
          key: `tenant-${(n + i) % 200}/thing`,
          value,
          headers: { ce_type: 'bench' },
        })),
      );
    await all;
    return RECORDS / ((performance.now() - fromMs) / 1_000);
  } finally {
    await log.close();
  }
}
