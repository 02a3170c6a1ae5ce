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
