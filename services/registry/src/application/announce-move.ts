import { aliasMovedV1 } from '@myriad/contracts';
import type { Tx } from '@myriad/persistence';
import type { AliasMove } from '../domain/model.js';

/** Tells of a move, or of a removal. `previousVersion`: where the alias pointed before; null: nowhere. */
export async function announceMove(tx: Tx, move: AliasMove, previousVersion: number | null): Promise<void> {
  const { modelName, alias, version, versionId, movedBy, reason } = move;
  const data = { tenantId: tx.tenantId, modelName, alias, version, versionId, previousVersion, movedBy, reason };
  await tx.emit(aliasMovedV1, data);
}
