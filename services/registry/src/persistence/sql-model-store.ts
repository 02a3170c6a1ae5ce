import type { Tx } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { ModelStore, NewModel } from '../application/ports.js';
import type { Model, Tags } from '../domain/model.js';

export interface ModelRecord {
  model_id: string;
  name: string;
  application: string | null;
  description: string | null;
  latest_version: number;
  earlier_versions: number;
  created_at: Date;
  updated_at: Date;
  deleted_at: Date | null;
  aliases: Record<string, number> | null;
  tags: Tags | null;
}

export function toModel(row: ModelRecord): Model {
  return {
    modelId: row.model_id,
    name: row.name,
    application: row.application,
    description: row.description,
    latestVersion: row.latest_version > row.earlier_versions ? row.latest_version : null,
    aliases: row.aliases ?? {},
    tags: row.tags ?? {},
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    deletedAt: row.deleted_at,
  };
}

/** A model `m` with all that belongs to it. */
export const MODEL_COLUMNS = `m.*,
  (SELECT jsonb_object_agg(a.alias, a.version) FROM model_alias a WHERE a.tenant_id = m.tenant_id AND a.model_name = m.name) AS aliases,
  (SELECT jsonb_object_agg(t.key, t.value) FROM model_tag t WHERE t.tenant_id = m.tenant_id AND t.model_name = m.name) AS tags`;

/** The tags of a deleted model go when its name is taken anew; a name that was deleted begins like a new one, but for its numbers. */
const insertModel = (versions: 0 | 1): string => `
  WITH gone AS (
    DELETE FROM model_tag t USING model m
    WHERE m.tenant_id = $1 AND m.name = $2 AND m.deleted_at IS NOT NULL AND t.tenant_id = m.tenant_id AND t.model_name = m.name)
  INSERT INTO model (tenant_id, name, model_id, application, description, latest_version, created_at, updated_at)
  VALUES ($1, $2, $3, $4, $5, ${versions}, $6, $6)
  ON CONFLICT (tenant_id, name) DO UPDATE SET
    latest_version = model.latest_version + ${versions}, updated_at = excluded.updated_at, deleted_at = NULL,
    earlier_versions = CASE WHEN model.deleted_at IS NULL THEN model.earlier_versions ELSE model.latest_version END,
    model_id = CASE WHEN model.deleted_at IS NULL THEN model.model_id ELSE excluded.model_id END,
    application = CASE WHEN model.deleted_at IS NULL THEN model.application ELSE excluded.application END,
    description = CASE WHEN model.deleted_at IS NULL THEN model.description ELSE excluded.description END,
    created_at = CASE WHEN model.deleted_at IS NULL THEN model.created_at ELSE excluded.created_at END`;

const NEXT_VERSION = `${insertModel(1)} RETURNING latest_version`;
const CREATE = `${insertModel(0)} WHERE model.deleted_at IS NOT NULL RETURNING latest_version`;

function valuesOf(tx: Tx, { name, modelId, application, description, createdAt }: NewModel): readonly unknown[] {
  return [tx.tenantId, name, modelId, application, description, createdAt];
}

@Injectable()
export class SqlModelStore implements ModelStore {
  async nextVersion(tx: Tx, model: NewModel): Promise<number> {
    const [row] = await tx.query<{ latest_version: number }>(NEXT_VERSION, valuesOf(tx, model));
    if (!row) throw new Error(`model ${model.name} gave no version`);
    return row.latest_version;
  }

  async create(tx: Tx, model: NewModel): Promise<boolean> {
    return (await tx.query(CREATE, valuesOf(tx, model))).length > 0;
  }

  async find(tx: Tx, name: string): Promise<Model | undefined> {
    const [row] = await tx.query<ModelRecord>(
      `SELECT ${MODEL_COLUMNS} FROM model m WHERE m.tenant_id = $1 AND m.name = $2 AND m.deleted_at IS NULL`,
      [tx.tenantId, name],
    );
    return row && toModel(row);
  }

  async lock(tx: Tx, name: string): Promise<boolean> {
    const rows = await tx.query(
      'SELECT 1 FROM model WHERE tenant_id = $1 AND name = $2 AND deleted_at IS NULL FOR UPDATE',
      [tx.tenantId, name],
    );
    return rows.length > 0;
  }

  async describe(tx: Tx, name: string, { description, at }: { description: string | null; at: Date }): Promise<void> {
    await tx.query('UPDATE model SET description = $3, updated_at = $4 WHERE tenant_id = $1 AND name = $2', [
      tx.tenantId,
      name,
      description,
      at,
    ]);
  }

  async touch(tx: Tx, name: string, at: Date): Promise<void> {
    await tx.query('UPDATE model SET updated_at = $3 WHERE tenant_id = $1 AND name = $2', [tx.tenantId, name, at]);
  }

  async delete(tx: Tx, name: string, at: Date): Promise<void> {
    await this.setDeleted(tx, name, { deletedAt: at, at });
  }

  async restore(tx: Tx, name: string, at: Date): Promise<boolean> {
    return this.setDeleted(tx, name, { deletedAt: null, at });
  }

  /** Versions of a deleted model before this one of the name stay as they are. */
  private async setDeleted(
    tx: Tx,
    name: string,
    { deletedAt, at }: { deletedAt: Date | null; at: Date },
  ): Promise<boolean> {
    const [model] = await tx.query<{ earlier_versions: number }>(
      `UPDATE model SET deleted_at = $3, updated_at = $4
       WHERE tenant_id = $1 AND name = $2 AND deleted_at IS ${deletedAt === null ? 'NOT NULL' : 'NULL'} RETURNING earlier_versions`,
      [tx.tenantId, name, deletedAt, at],
    );
    if (!model) return false;
    await tx.query(
      'UPDATE model_version SET deleted_at = $4 WHERE tenant_id = $1 AND model_name = $2 AND version > $3',
      [tx.tenantId, name, model.earlier_versions, deletedAt],
    );
    return true;
  }
}
