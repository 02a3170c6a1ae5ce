import { type EventData, placementChangedV1, rolloutChangedV1 } from '@myriad/contracts';
import type { Tx } from '@myriad/persistence';
import { type Candidate, type Placement, type ServedVersion, nextPlacement } from '../domain/placement.js';
import type { EnvironmentName } from '../domain/environment.js';
import type { Rollout } from '../domain/rollout.js';
import type { CostStore, PlacementStore } from './ports.js';

/** Writes the next placement of a model, the hours of the one before, and says so on the compacted topic; the caller holds the row's lock. */
export async function changePlacement(
  tx: Tx,
  { placements, costs }: { readonly placements: PlacementStore; readonly costs: CostStore },
  current: Placement | undefined,
  change: {
    readonly environment: EnvironmentName;
    readonly next: ServedVersion | null;
    readonly rolloutId: string;
    /** Default: none is tried any more. */
    readonly candidate?: Candidate | null;
    readonly nowMs: number;
  },
): Promise<Placement> {
  const placement = nextPlacement(current, change);
  await placements.save(tx, placement);
  if (current?.status === 'active') await costs.addModelHours(tx, current.changedAt, placement.changedAt);
  const { served, candidate } = placement;
  await tx.emit(placementChangedV1, {
    tenantId: tx.tenantId,
    modelName: served.modelName,
    version: served.version,
    versionId: served.versionId,
    application: served.application,
    environment: placement.environment,
    pool: served.pool,
    generation: placement.generation,
    status: placement.status,
    artifactDigest: served.artifactDigest,
    sizeBytes: served.sizeBytes,
    parityDigest: served.parityDigest,
    signature: { inputs: [...served.signature.inputs], outputs: [...served.signature.outputs] },
    batchInvariant: served.batchInvariant,
    serving: served.serving,
    rolloutId: placement.rolloutId,
    candidate: candidate && told(candidate),
  });
  return placement;
}

/** A candidate in the words of the event. */
function told({ target, mode, percent, rolloutId }: Candidate): EventData<typeof placementChangedV1>['candidate'] {
  const { version, versionId, artifactDigest, sizeBytes, parityDigest, signature, batchInvariant, serving } = target;
  return {
    ...{
      mode,
      percent,
      rolloutId,
      version,
      versionId,
      artifactDigest,
      sizeBytes,
      parityDigest,
      batchInvariant,
      serving,
    },
    signature: { inputs: [...signature.inputs], outputs: [...signature.outputs] },
  };
}

/** Says how a rollout stands. */
export async function announceRollout(tx: Tx, rollout: Rollout): Promise<void> {
  await tx.emit(rolloutChangedV1, {
    tenantId: tx.tenantId,
    modelName: rollout.target.modelName,
    version: rollout.target.version,
    versionId: rollout.target.versionId,
    application: rollout.target.application,
    rolloutId: rollout.rolloutId,
    environment: rollout.environment,
    promotionId: rollout.promotionId,
    status: rollout.status,
    reason: rollout.reason,
    previousVersion: rollout.previous?.version ?? null,
    trial: rollout.trial && { mode: rollout.trial.mode, percent: rollout.trial.percent },
  });
}
