import type { Digest } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { ViewStore } from '../application/ports.js';
import type { PinnedDataset, PinnedModel } from '../domain/batch-job.js';

@Injectable()
export class SqlViewStore implements ViewStore {
  async savePlacement(tx: Tx, placement: Parameters<ViewStore['savePlacement']>[1]): Promise<void> {
    await tx.query(
      `INSERT INTO placement_view (tenant_id, environment, model_name, generation, is_active, model) VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (tenant_id, environment, model_name) DO UPDATE SET generation = excluded.generation, is_active = excluded.is_active, model = excluded.model
       WHERE placement_view.generation < excluded.generation`,
      [
        tx.tenantId,
        placement.environment,
        placement.model.modelName,
        placement.generation,
        placement.isActive,
        JSON.stringify(placement.model),
      ],
    );
  }

  async findPlacement(tx: Tx, environment: string, modelName: string): Promise<PinnedModel | undefined> {
    const [row] = await tx.query<{ model: PinnedModel }>(
      'SELECT model FROM placement_view WHERE environment = $1 AND model_name = $2 AND is_active',
      [environment, modelName],
    );
    return row?.model;
  }

  async saveDataset(tx: Tx, dataset: Parameters<ViewStore['saveDataset']>[1]): Promise<void> {
    await tx.query(
      'INSERT INTO dataset_view (tenant_id, name, version, digest, format, columns) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant_id, name, version) DO NOTHING',
      [tx.tenantId, dataset.name, dataset.version, dataset.digest, dataset.format, dataset.columns],
    );
  }

  async findDataset(
    tx: Tx,
    name: string,
    version: number | undefined,
  ): Promise<(PinnedDataset & { readonly columns: readonly string[] }) | undefined> {
    const [row] = await tx.query<{ version: number; digest: Digest; format: 'csv' | 'parquet'; columns: string[] }>(
      'SELECT version, digest, format, columns FROM dataset_view WHERE name = $1 AND ($2::int IS NULL OR version = $2) ORDER BY version DESC LIMIT 1',
      [name, version ?? null],
    );
    return row && { name, ...row };
  }
}
