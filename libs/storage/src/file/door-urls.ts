import type { Digest, TenantId } from '@myriad/kernel';
import { checkTenant, hexOf } from '../object-name.js';
import type { ObjectInfo, ObjectStore, PresignedUrl } from '../object-store.port.js';
import { storageProblem } from '../storage-problem.js';
import type { UrlGrant, UrlSigner } from './url-signer.js';

/** What a store does with presigned URLs that lead to a door of ours: the door checks the bytes as they come, so what is there is right. */
export class DoorUrls implements Pick<ObjectStore, 'presignUpload' | 'presignDownload' | 'confirmUpload'> {
  /**
   * @param signer absent: presigning is refused
   * @param head of the store behind the door
   */
  constructor(
    readonly signer: UrlSigner | undefined,
    private readonly head: ObjectStore['head'],
  ) {}

  presignUpload(
    tenantId: TenantId,
    digest: Digest,
    sizeBytes: number,
    expiresInSeconds: number,
  ): Promise<PresignedUrl> {
    return this.sign({ method: 'PUT', tenantId, digest, sizeBytes }, expiresInSeconds);
  }

  presignDownload(tenantId: TenantId, digest: Digest, expiresInSeconds: number): Promise<PresignedUrl> {
    return this.sign({ method: 'GET', tenantId, digest, sizeBytes: 0 }, expiresInSeconds);
  }

  async confirmUpload(tenantId: TenantId, digest: Digest): Promise<ObjectInfo> {
    const info = await this.head(tenantId, digest);
    if (!info) throw storageProblem.objectNotFound(digest);
    return info;
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- asynchronous by the port; a refusal is a rejection
  private async sign(grant: UrlGrant, expiresInSeconds: number): Promise<PresignedUrl> {
    if (!this.signer) throw storageProblem.presignUnsupported();
    hexOf(grant.digest);
    checkTenant(grant.tenantId);
    return this.signer.sign(grant, expiresInSeconds);
  }
}
