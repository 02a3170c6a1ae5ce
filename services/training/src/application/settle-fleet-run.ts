import { fleetRunChangedV1 } from '@myriad/contracts';
import { PLATFORM_TENANT } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import { type FleetRun, type RunCounts, fleetStatusOf } from '../domain/job.js';
import type { FleetRunStore } from './ports.js';

/** Says how a fleet run stands. */
export async function announceFleetRun(tx: Tx, fleetRun: FleetRun, counts: RunCounts): Promise<void> {
  const { fleetRunId, application, status } = fleetRun;
  const { total, succeeded, inconclusive, failed } = counts;
  await tx.emit(
    fleetRunChangedV1,
    { fleetRunId, application, status, counts: { total, succeeded, inconclusive, failed } },
    { tenantId: PLATFORM_TENANT },
  );
}

/** Brings a fleet run's state in line with its runs, and says so when it moved. */
export async function settleFleetRun(
  tx: Tx,
  fleetRun: FleetRun,
  counts: RunCounts,
  stores: { readonly fleetRuns: FleetRunStore; readonly now: Date },
): Promise<void> {
  const status = fleetStatusOf(fleetRun.status, counts);
  if (status === fleetRun.status) return;
  const isEnded = status !== 'queued' && status !== 'running';
  const moved: FleetRun = { ...fleetRun, status, endedAt: isEnded ? stores.now : null };
  await stores.fleetRuns.update(tx, moved);
  await announceFleetRun(tx, moved, counts);
}
