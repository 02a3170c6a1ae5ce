import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { placementChangedV1 } from '@myriad/contracts';
import { MemoryEventLog, makeEvent, toRecord, writeTopicSnapshot } from '@myriad/messaging';
import { FileObjectStore } from '@myriad/storage';
import { createLogger } from '@myriad/telemetry';
import { tempFolder, type TempFolder } from '@myriad/testing';
import type { ApplyPlacement } from '../../src/application/apply-placement.js';
import { PlacementTail } from '../../src/messaging/placement-tail.js';
import { placementOf } from '../support.js';

const { topic } = placementChangedV1;

describe('PlacementTail', () => {
  let log: MemoryEventLog;
  let folder: TempFolder;
  beforeEach(async () => {
    log = new MemoryEventLog();
    await log.ensureTopics([topic]);
    folder = await tempFolder();
  });
  afterEach(async () => {
    await log.close();
    await folder.remove();
  });

  async function place(generation: number): Promise<void> {
    const data = placementOf({ generation });
    const event = makeEvent(placementChangedV1, { tenantId: data.tenantId, data, source: 'deployer' });
    await log.append([toRecord(event, placementChangedV1)]);
  }

  it('begins with the newest placements of a snapshot, goes on with the topic, and is ready then', async () => {
    const store = await FileObjectStore.open({ root: folder.path });
    for (const generation of [1, 2, 3]) await place(generation);
    await writeTopicSnapshot({ log, topic: topic.name, store });
    await place(4);
    const apply = jest.fn<ApplyPlacement['apply']>();
    const start = jest.fn<ApplyPlacement['start']>();
    const tail = new PlacementTail({
      log,
      snapshots: store,
      placements: { apply, start } as unknown as ApplyPlacement,
      logger: createLogger({ service: 'realtime', level: 'fatal' }),
    });
    await tail.start();
    await tail.caughtUpOnce();
    expect(apply.mock.calls.map(([{ generation }]) => generation)).toEqual([3, 4]);
    expect([tail.isReady, start.mock.calls.length]).toEqual([true, 1]);
    await tail.close();
  });
});
