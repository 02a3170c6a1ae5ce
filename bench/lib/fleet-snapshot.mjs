import { eventsByType, placementChangedV1 } from '@myriad/contracts';
import { writeTopicSnapshot } from '@myriad/messaging';
import { FileObjectStore } from '@myriad/storage';
import { MadeUpFleet, MadeUpLog } from './made-up-fleet.mjs';

/** Has production's code write the snapshot of a made-up fleet's placements into a folder. */
export async function writeFleetSnapshot(tenants, root) {
  const startMs = performance.now();
  const written = await writeTopicSnapshot({
    log: new MadeUpLog(new MadeUpFleet(tenants)),
    topic: placementChangedV1.topic.name,
    store: await FileObjectStore.open({ root }),
    definitions: eventsByType,
  });
  console.log(`  (${written.keys} placements written in ${((performance.now() - startMs) / 1_000).toFixed(1)} s)`);
  return written;
}
