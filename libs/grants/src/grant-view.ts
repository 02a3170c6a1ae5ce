import type { EventData, grantChangedV1 } from '@myriad/contracts';
import type { RequestContext } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';

type Grant = EventData<typeof grantChangedV1>;

/** A dataset of a tenant that somebody wants to use. */
export interface WantedUse {
  readonly tenantId: string;
  readonly datasetName: string;
  readonly purpose: Grant['purpose'];
  readonly now: Date;
}

/**
 * Who may use whose datasets, as the registry told. The service's migrations make the table `grant_view` (tenant_id, grant_id, dataset_name,
 * principal_id, purpose, status, expires_at) with the key (tenant_id, grant_id); its handlers call {@link save}.
 */
@Injectable()
export class GrantView {
  /** Keeps a grant as it is now; within the transaction of its event. */
  async save(tx: Tx, grant: Grant): Promise<void> {
    await tx.query(
      `INSERT INTO grant_view (tenant_id, grant_id, dataset_name, principal_id, purpose, status, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (tenant_id, grant_id) DO UPDATE SET status = excluded.status, expires_at = excluded.expires_at`,
      [
        tx.tenantId,
        grant.grantId,
        grant.datasetName,
        grant.principalId,
        grant.purpose,
        grant.status,
        new Date(grant.expiresAt),
      ],
    );
  }

  /** A principal at home in the tenant may use its datasets; any other needs an active grant of its own for this dataset and purpose. */
  async mayUse(tx: Tx, ctx: RequestContext, wanted: WantedUse): Promise<boolean> {
    const { tenantId, datasetName, purpose, now } = wanted;
    if ((ctx.principal.homeTenantId as string) === tenantId) return true;
    const rows = await tx.query(
      `SELECT 1 FROM grant_view WHERE tenant_id = $1 AND dataset_name = $2 AND principal_id = $3 AND purpose = $4 AND status = 'active' AND expires_at > $5 LIMIT 1`,
      [tenantId, datasetName, ctx.principal.id, purpose, now],
    );
    return rows.length === 1;
  }
}
