import type { Digest } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { ApplicationView, ViewStore } from '../application/ports.js';
import type { RunInput } from '../domain/job.js';

@Injectable()
export class SqlViewStore implements ViewStore {
  async saveDataset(tx: Tx, dataset: RunInput): Promise<void> {
    await tx.query(
      'INSERT INTO dataset_view (tenant_id, name, version, digest, format) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant_id, name, version) DO NOTHING',
      [tx.tenantId, dataset.name, dataset.version, dataset.digest, dataset.format],
    );
  }

  async findDataset(
    tx: Tx,
    tenantId: string,
    name: string,
    version: number | undefined,
  ): Promise<RunInput | undefined> {
    const [row] = await tx.query<{ version: number; digest: Digest; format: 'csv' | 'parquet' }>(
      'SELECT version, digest, format FROM dataset_view WHERE tenant_id = $1 AND name = $2 AND ($3::int IS NULL OR version = $3) ORDER BY version DESC LIMIT 1',
      [tenantId, name, version ?? null],
    );
    return row && { name, ...row };
  }

  async saveGrant(tx: Tx, grant: Parameters<ViewStore['saveGrant']>[1]): Promise<void> {
    await tx.query(
      `INSERT INTO grant_view (tenant_id, grant_id, dataset_name, principal_id, purpose, status, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (tenant_id, grant_id) DO UPDATE SET status = excluded.status, expires_at = excluded.expires_at`,
      [tx.tenantId, grant.grantId, grant.datasetName, grant.principalId, grant.purpose, grant.status, grant.expiresAt],
    );
  }

  async hasGrant(
    tx: Tx,
    grant: {
      readonly tenantId: string;
      readonly datasetName: string;
      readonly principalId: string;
      readonly now: Date;
    },
  ): Promise<boolean> {
    const rows = await tx.query(
      "SELECT 1 FROM grant_view WHERE tenant_id = $1 AND dataset_name = $2 AND principal_id = $3 AND purpose = 'training' AND status = 'active' AND expires_at > $4 LIMIT 1",
      [grant.tenantId, grant.datasetName, grant.principalId, grant.now],
    );
    return rows.length === 1;
  }

  async saveApplication(tx: Tx, application: ApplicationView): Promise<void> {
    await tx.query(
      `INSERT INTO application_view (tenant_id, name, features, label, recipe) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (tenant_id, name) DO UPDATE SET features = excluded.features, label = excluded.label, recipe = excluded.recipe`,
      [tx.tenantId, application.name, JSON.stringify(application.features), application.label, application.recipe],
    );
  }

  async findApplication(tx: Tx, name: string): Promise<ApplicationView | undefined> {
    const [row] = await tx.query<ApplicationView>(
      'SELECT name, features, label, recipe FROM application_view WHERE name = $1',
      [name],
    );
    return row;
  }
}
