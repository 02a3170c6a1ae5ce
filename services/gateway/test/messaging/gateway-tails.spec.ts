import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  keyChangedV1,
  placementChangedV1,
  poolChangedV1,
  principalChangedV1,
  signingKeysChangedV1,
  tenantChangedV1,
  topics,
  type EventData,
  type EventDefinition,
} from '@myriad/contracts';
import { MemoryEventLog, makeEvent, toRecord, writeTopicSnapshot } from '@myriad/messaging';
import { FileObjectStore } from '@myriad/storage';
import { createLogger } from '@myriad/telemetry';
import { tempFolder, type TempFolder } from '@myriad/testing';
import type { IdentityTables } from '../../src/application/identity-tables.js';
import type { PlacementTable } from '../../src/application/placement-table.js';
import type { UserTokenVerifier } from '../../src/application/ports.js';
import { GatewayTails } from '../../src/messaging/gateway-tails.js';

const FOLLOWED = [
  keyChangedV1,
  placementChangedV1,
  poolChangedV1,
  principalChangedV1,
  signingKeysChangedV1,
  tenantChangedV1,
] as const;

describe('GatewayTails', () => {
  let log: MemoryEventLog;
  let folder: TempFolder;
  let store: FileObjectStore;
  beforeEach(async () => {
    log = new MemoryEventLog();
    await log.ensureTopics(topics);
    folder = await tempFolder();
    store = await FileObjectStore.open({ root: folder.path });
    for (const definition of FOLLOWED) await publish(definition, definition.example);
  });
  afterEach(async () => {
    await log.close();
    await folder.remove();
  });

  async function publish<D extends EventDefinition>(definition: D, data: EventData<D>): Promise<void> {
    const [tenantId = ''] = definition.key(data, 'platform').split('/');
    const event = makeEvent(definition, { tenantId, data, source: 'test' });
    await log.append([toRecord(event, definition)]);
  }

  /** What a gateway that has just started is told, and which topics it did not begin at their start. */
  async function started() {
    const tail = jest.spyOn(log, 'tail');
    const told: unknown[] = [];
    const tell = (data: unknown): void => void told.push(data);
    const identities = { setTenant: tell, setPrincipal: tell, setKey: tell } as unknown as IdentityTables;
    const placements = { setPlacement: tell, setPool: tell } as unknown as PlacementTable;
    const userTokens = { setKeys: tell } as unknown as UserTokenVerifier;
    const logger = createLogger({ service: 'gateway', level: 'fatal' });
    const tails = new GatewayTails({ log, snapshots: store, identities, placements, userTokens, logger });
    await tails.start();
    await tails.caughtUpOnce();
    await tails.close();
    const begun = new Set(tail.mock.lastCall?.[0].from?.map(({ topic }) => topic));
    return { told: told.map((one) => JSON.stringify(one)).sort(), begun };
  }

  it('tell the tables everything from the snapshots of all their topics, and what came since', async () => {
    const whole = await started();
    expect(whole.told).toHaveLength(FOLLOWED.length);
    expect(whole.begun).toEqual(new Set());
    for (const { topic } of FOLLOWED) await writeTopicSnapshot({ log, topic: topic.name, store });
    expect(await started()).toEqual({
      told: whole.told,
      begun: new Set(FOLLOWED.map(({ topic }) => topic.name)),
    });
    const suspended = { ...tenantChangedV1.example, status: 'suspended' as const };
    await publish(tenantChangedV1, suspended);
    expect((await started()).told).toEqual([...whole.told, JSON.stringify(suspended)].sort());
  });
});
