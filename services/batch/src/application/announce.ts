import { batchJobChangedV1 } from '@myriad/contracts';
import type { Owned } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import type { BatchJob } from '../domain/batch-job.js';
import type { Progress } from './ports.js';

/** Says how a job stands. */
export async function announceJob(tx: Tx, job: Owned<BatchJob>, progress: Progress): Promise<void> {
  const { tenantId, batchJobId, model, status, reason, output } = job;
  const { rows, rowErrors } = progress;
  await tx.emit(batchJobChangedV1, {
    tenantId,
    batchJobId,
    modelName: model.modelName,
    status,
    reason,
    rows,
    rowErrors,
    outputDigest: output?.digest ?? null,
  });
}
