import type { Page, PageRequest } from '@myriad/kernel';
import { type Tx, pageOfRows, startOf } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { AliasStore, ModelStore } from '../application/ports.js';
import type { AliasMove, Model } from '../domain/model.js';

interface ModelRecord {
  model_id: string;
  name: string;
  application: string | null;
  latest_version: number;
  created_at: Date;
  aliases: Record<string, number> | null;
}

function toModel(row: ModelRecord): Model {
  return {
    modelId: row.model_id,
    name: row.name,
    application: row.application,
    latestVersion: row.latest_version === 0 ? null : row.latest_version,
    aliases: row.aliases ?? {},
    createdAt: row.created_at,
  };
}

const SELECT_MODEL = `SELECT m.*, (SELECT jsonb_object_agg(a.alias, a.version) FROM model_alias a WHERE a.tenant_id = m.tenant_id AND a.model_name = m.name) AS aliases FROM model m`;

@Injectable()
export class SqlModelStore implements ModelStore {
  async nextVersion(tx: Tx, model: Pick<Model, 'modelId' | 'name' | 'application' | 'createdAt'>): Promise<number> {
    const [row] = await tx.query<{ latest_version: number }>(
      `INSERT INTO model (tenant_id, name, model_id, application, latest_version, created_at) VALUES ($1, $2, $3, $4, 1, $5)
       ON CONFLICT (tenant_id, name) DO UPDATE SET latest_version = model.latest_version + 1 RETURNING latest_version`,
      [tx.tenantId, model.name, model.modelId, model.application, model.createdAt],
    );
    if (!row) throw new Error(`model ${model.name} gave no version`);
    return row.latest_version;
  }

  async find(tx: Tx, name: string): Promise<Model | undefined> {
    const [row] = await tx.query<ModelRecord>(`${SELECT_MODEL} WHERE m.name = $1`, [name]);
    return row && toModel(row);
  }

  async list(tx: Tx, filter: PageRequest & { readonly application: string | undefined }): Promise<Page<Model>> {
    const rows = await tx.query<ModelRecord>(
      `${SELECT_MODEL} WHERE ($1::text IS NULL OR m.name > $1) AND ($2::text IS NULL OR m.application = $2) ORDER BY m.name LIMIT $3`,
      [startOf(filter), filter.application ?? null, filter.pageSize + 1],
    );
    return pageOfRows(rows, filter, toModel, ({ name }) => name);
  }
}

interface AliasRecord {
  model_name: string;
  alias: string;
  version: number;
  version_id: string;
  moved_by: string;
  moved_at: Date;
  reason: string;
  move_id: string;
}

function toMove(row: AliasRecord): AliasMove & { readonly moveId: string } {
  return {
    modelName: row.model_name,
    alias: row.alias,
    version: row.version,
    versionId: row.version_id,
    movedBy: row.moved_by,
    movedAt: row.moved_at,
    reason: row.reason,
    moveId: row.move_id,
  };
}

@Injectable()
export class SqlAliasStore implements AliasStore {
  async move(tx: Tx, move: AliasMove & { readonly moveId: string }): Promise<AliasMove | undefined> {
    await tx.query('SELECT 1 FROM model WHERE tenant_id = $1 AND name = $2 FOR UPDATE', [tx.tenantId, move.modelName]);
    const [before] = await tx.query<AliasRecord>(
      'SELECT * FROM model_alias WHERE tenant_id = $1 AND model_name = $2 AND alias = $3',
      [tx.tenantId, move.modelName, move.alias],
    );
    if (before?.version === move.version) return toMove(before);
    const values = [
      tx.tenantId,
      move.modelName,
      move.alias,
      move.version,
      move.versionId,
      move.movedBy,
      move.movedAt,
      move.reason,
    ];
    await tx.query(
      `INSERT INTO model_alias (tenant_id, model_name, alias, version, version_id, moved_by, moved_at, reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
       ON CONFLICT (tenant_id, model_name, alias) DO UPDATE SET version = excluded.version, version_id = excluded.version_id, moved_by = excluded.moved_by, moved_at = excluded.moved_at, reason = excluded.reason`,
      values,
    );
    await tx.query(
      'INSERT INTO alias_move (tenant_id, model_name, alias, version, version_id, moved_by, moved_at, reason, move_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)',
      [...values, move.moveId],
    );
    return before && toMove(before);
  }

  async list(tx: Tx, modelName: string, page: PageRequest): Promise<Page<AliasMove>> {
    const rows = await tx.query<AliasRecord>(
      'SELECT * FROM model_alias WHERE model_name = $1 AND ($2::text IS NULL OR alias > $2) ORDER BY alias LIMIT $3',
      [modelName, startOf(page), page.pageSize + 1],
    );
    return pageOfRows(rows, page, toMove, ({ alias }) => alias);
  }

  async history(tx: Tx, modelName: string, alias: string, page: PageRequest): Promise<Page<AliasMove>> {
    const rows = await tx.query<AliasRecord>(
      'SELECT * FROM alias_move WHERE model_name = $1 AND alias = $2 AND ($3::text IS NULL OR move_id < $3) ORDER BY move_id DESC LIMIT $4',
      [modelName, alias, startOf(page), page.pageSize + 1],
    );
    return pageOfRows(rows, page, toMove, ({ moveId }) => moveId);
  }
}
