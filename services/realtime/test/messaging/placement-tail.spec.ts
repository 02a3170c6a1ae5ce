import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventsByType, placementChangedV1 } from '@myriad/contracts';
import { MemoryEventLog, makeEvent, toRecord, writeTopicSnapshot } from '@myriad/messaging';
import type { TenantId } from '@myriad/kernel';
import { FileObjectStore } from '@myriad/storage';
import { createLogger, currentTraceparent } from '@myriad/telemetry';
import { tempFolder, type TempFolder } from '@myriad/testing';
import { ApplyPlacement, type ApplyPlacementOptions } from '../../src/application/apply-placement.js';
import type { Placement, PlacementChange } from '../../src/domain/placement.js';
import { RoutingTable } from '../../src/domain/routing-table.js';
import { PlacementTail } from '../../src/messaging/placement-tail.js';
import { placementOf } from '../support.js';

const { topic } = placementChangedV1;
const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 5, 1);
const digest = (digit: string) => `sha256:${digit.repeat(64)}` as const;
const split = {
  skeletonDigest: digest('1'),
  skeletonBytes: 420,
  weightsDigest: digest('2'),
  weightsBytes: 312,
};
const kernel = { way: 'kernel', micros: 0.6, memoryBytes: 128, split } as const;
const logger = createLogger({ service: 'realtime', level: 'fatal' });

/** What a fleet may look like: most alike, and some of every other kind. */
function fleet(): readonly { readonly change: PlacementChange; readonly atMs: number }[] {
  const base = placementOf();
  const alike = (i: number, more: Partial<PlacementChange> = {}): PlacementChange => ({
    ...base,
    version: 1 + (i % 3),
    generation: 1 + (i % 5),
    tenantId: `customer-${i % 40}` as TenantId,
    modelName: i < 40 ? 'churn' : `model-${i}`,
    versionId: `ver_${String(i).padStart(32, '0')}`,
    rolloutId: `rol_${String(i).padStart(32, 'a')}`,
    artifactDigest: digest((i % 10).toString()),
    serving: { ...kernel, memoryBytes: 100 + i, split: { ...split, weightsDigest: digest('abcdef'.charAt(i % 6)) } },
    ...more,
  });
  const others: Partial<PlacementChange>[] = [
    { pool: 'vision' },
    { environment: 'research' },
    { status: 'removed' },
    { serving: null },
    { serving: { ...kernel, way: 'whole', micros: null, split: null } },
    { versionId: 'ver_1', rolloutId: 'customer-3' },
    { parityDigest: digest('7') },
    { batchInvariant: false },
    { modelName: 'customer-8', sizeBytes: 2 ** 40 },
    { candidate: { ...base, version: 9, versionId: 'ver_9', mode: 'canary', percent: 5 } },
  ];
  return Array.from({ length: 120 }, (_, i) => ({
    change: alike(i, i % 3 === 2 ? others[Math.floor(i / 3) % others.length] : {}),
    atMs: i % 7 === 0 ? NOW_MS - 60_000 : NOW_MS - DAY_MS - i * 1_000,
  }));
}

describe('PlacementTail', () => {
  const placed = fleet();
  let log: MemoryEventLog;
  let folder: TempFolder;
  let store: FileObjectStore;
  beforeEach(async () => {
    log = new MemoryEventLog();
    await log.ensureTopics([topic]);
    folder = await tempFolder();
    store = await FileObjectStore.open({ root: folder.path });
  });
  afterEach(async () => {
    await log.close();
    await folder.remove();
  });

  async function place(change: PlacementChange, atMs: number): Promise<void> {
    const clock = { nowMs: () => atMs };
    const { tenantId } = change;
    const data = change as unknown as typeof placementChangedV1.example;
    const traceparent = `00-${String(atMs).padStart(32, '0')}-${'1'.repeat(16)}-01`;
    const event = makeEvent(placementChangedV1, { tenantId, data, source: 'deployer', clock, traceparent });
    await log.append([toRecord(event, placementChangedV1)]);
  }

  /** What a replica knows that begins now, and what it loads at its start, in order. */
  async function known(snapshots?: FileObjectStore) {
    const table = new RoutingTable('production', 'tabular-small');
    const loaded: string[] = [];
    const cache: Partial<ApplyPlacementOptions['cache']> = {
      hasRoomFor: () => true,
      load: ({ versionId }) => Promise.resolve(void loaded.push(`${versionId} ${currentTraceparent() ?? ''}`)),
      unload: () => undefined,
    };
    const placements = new ApplyPlacement({
      table,
      cache: cache as ApplyPlacementOptions['cache'],
      events: { modelState: () => undefined } as unknown as ApplyPlacementOptions['events'],
      comparisons: { forget: () => undefined } as unknown as ApplyPlacementOptions['comparisons'],
      clock: { nowMs: () => NOW_MS, sleep: () => Promise.resolve() },
      logger,
      replicaId: 'r0',
    });
    const rows = placements.applyRow.bind(placements);
    let taken = 0;
    placements.applyRow = (...given) => {
      const isTaken = rows(...given);
      if (isTaken) taken += 1;
      return isTaken;
    };
    const tail = new PlacementTail({ log, snapshots, placements, logger });
    await tail.start();
    await tail.caughtUpOnce();
    await placements.idle();
    expect(tail.isReady).toBe(true);
    await tail.close();
    const tenants = [...new Set(placed.map(({ change }) => change.tenantId))];
    const served = tenants.flatMap((tenant) => [...table.placementsOf(tenant)]);
    return { served: served.map(comparable).sort((a, b) => a.key.localeCompare(b.key)), loaded: loaded.sort(), taken };
  }

  /** All of it but its numbers in the table, which go by the order of reading. */
  function comparable({ row: _row, stamp: _stamp, tenant: _tenant, ...placement }: Placement) {
    return { key: `${placement.tenantId}/${placement.modelName}`, ...placement };
  }

  it('knows from the rows of a snapshot what it knows from the topic, and goes on with what came since', async () => {
    for (const { change, atMs } of placed) await place(change, atMs);
    await writeTopicSnapshot({ log, topic: topic.name, store, definitions: eventsByType });
    const later = placed[1]!.change;
    await place({ ...later, generation: 99, version: 99, versionId: `ver_${'9'.repeat(32)}` }, NOW_MS - 1);
    const [byRows, byEvents] = [await known(store), await known()];
    expect(byRows.served).toEqual(byEvents.served);
    expect(byRows.loaded).toEqual(byEvents.loaded);
    expect(byRows.loaded.some((load) => load.includes(`00-${String(NOW_MS - 60_000).padStart(32, '0')}`))).toBe(true);
    expect(byRows.served.find(({ version }) => version === 99)?.tenantId).toBe(later.tenantId);
    expect([byRows.taken > 50, byEvents.taken]).toEqual([true, 0]);
  });
});
