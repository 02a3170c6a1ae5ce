import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '@myriad/config';
import { usageMeteredV1 } from '@myriad/contracts';
import { eventLogConfig, openEventLog, parseEvent } from '@myriad/messaging';
import { z } from 'zod';

const SETTLE_MS = 20_000;

/** Requests that a replica told the event log of, once they are `expected` or have not changed for a while. */
export async function meteredRequests(mesh, replicaId, expected) {
  const log = await openEventLog(loadConfig(z.object(eventLogConfig), mesh.eventLog));
  let requests = 0;
  const onRecord = (record) => {
    const { data } = parseEvent(record);
    if (data.replicaId === replicaId) requests += data.requests;
  };
  const tail = await log.tail({ topics: [usageMeteredV1.topic.name], onRecord });
  try {
    await tail.caughtUp;
    for (const until = Date.now() + SETTLE_MS; requests < expected && Date.now() < until;) await sleep(100);
    return requests;
  } finally {
    await tail.close();
    await log.close();
  }
}
