import { type Digest, ProblemError, type RequestContext, type TenantId } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import type { ObjectInfo, ObjectStore } from '@myriad/storage';
import { Inject, Injectable } from '@nestjs/common';
import { registryProblem } from '../domain/registry-problem.js';
import { OBJECT_STORE, OBJECT_SWEEP_STORE, type ObjectSweepStore } from './ports.js';

/** Bytes that clients sent, on their way to a row that names them. */
@Injectable()
export class Uploads {
  constructor(
    @Inject(OBJECT_STORE) private readonly objects: ObjectStore,
    @Inject(OBJECT_SWEEP_STORE) private readonly sweeps: ObjectSweepStore,
  ) {}

  /** The uploaded object, its bytes checked. @throws {ProblemError} `registry.upload_not_found`, `registry.digest_mismatch`. */
  async confirm({ tenantId }: RequestContext, digest: Digest): Promise<ObjectInfo> {
    const there = await this.objects.head(tenantId, digest);
    if (there) return there;
    return this.objects.confirmUpload(tenantId, digest).catch((cause: unknown) => {
      const code = cause instanceof ProblemError ? cause.code : '';
      if (code === 'storage.object_not_found') throw notFound(tenantId, digest);
      if (code === 'storage.digest_mismatch')
        throw registryProblem('unprocessable', 'digest_mismatch', (cause as ProblemError).message, { cause });
      throw cause;
    });
  }

  /**
   * In the transaction that names them: the objects are there and stay. One that nobody had named for so long that it was collected is gone.
   * @throws {ProblemError} `registry.upload_not_found`.
   */
  async keep(tx: Tx, digests: readonly Digest[]): Promise<void> {
    await this.sweeps.keepObjects(tx);
    for (const digest of digests)
      if (!(await this.objects.head(tx.tenantId, digest))) throw notFound(tx.tenantId, digest);
  }
}

function notFound(tenantId: TenantId, digest: Digest): ProblemError {
  return registryProblem(
    'not-found',
    'upload_not_found',
    `${tenantId} has uploaded nothing with digest ${digest}; ask for an upload URL and send the bytes first`,
  );
}
