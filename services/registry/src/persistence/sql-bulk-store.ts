import type { Tx } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { AliasFacts, AliasName, BulkStore, KeptMove, TagFacts } from '../application/ports.js';
import type { AdmissionStatus, Model, TagChange } from '../domain/model.js';
import { MODEL_COLUMNS, type ModelRecord, toModel } from './sql-model-store.js';

interface AliasRecord {
  is_there: boolean;
  version_id: string | null;
  status: AdmissionStatus | null;
  previous_version: number | null;
}

@Injectable()
export class SqlBulkStore implements BulkStore {
  async models(tx: Tx, names: readonly string[]): Promise<ReadonlyMap<string, Model>> {
    const rows = await tx.query<ModelRecord>(
      `SELECT ${MODEL_COLUMNS} FROM model m WHERE m.tenant_id = $1 AND m.name = ANY($2::text[]) AND m.deleted_at IS NULL`,
      [tx.tenantId, names],
    );
    return new Map(rows.map((row) => [row.name, toModel(row)]));
  }

  async lockTags(tx: Tx, names: readonly string[]): Promise<ReadonlyMap<string, TagFacts>> {
    await this.lock(tx, names);
    const rows = await tx.query<{ name: string; keys: readonly string[] }>(
      `SELECT m.name, ARRAY(SELECT t.key FROM model_tag t WHERE t.tenant_id = $1 AND t.model_name = m.name) AS keys
       FROM model m WHERE m.tenant_id = $1 AND m.name = ANY($2::text[]) AND m.deleted_at IS NULL`,
      [tx.tenantId, names],
    );
    return new Map(rows.map(({ name, keys }) => [name, { keys }]));
  }

  async putTags(tx: Tx, changes: readonly (TagChange & { readonly name: string })[], at: Date): Promise<void> {
    const removed = changes.flatMap(({ name, remove }) => remove.map((key) => ({ name, key })));
    const set = changes.flatMap((change) =>
      Object.entries(change.set).map(([key, value]) => ({ ...change, key, value })),
    );
    if (removed.length > 0)
      await tx.query(
        `DELETE FROM model_tag t USING unnest($2::text[], $3::text[]) AS gone (name, key)
         WHERE t.tenant_id = $1 AND t.model_name = gone.name AND t.key = gone.key`,
        [tx.tenantId, removed.map(({ name }) => name), removed.map(({ key }) => key)],
      );
    if (set.length > 0)
      await tx.query(
        `INSERT INTO model_tag (tenant_id, model_name, key, value)
         SELECT $1::text, name, key, value FROM unnest($2::text[], $3::text[], $4::text[]) AS tag (name, key, value)
         ON CONFLICT (tenant_id, model_name, key) DO UPDATE SET value = excluded.value`,
        [tx.tenantId, set.map(({ name }) => name), set.map(({ key }) => key), set.map(({ value }) => value)],
      );
    await this.touch(
      tx,
      changes.map(({ name }) => name),
      at,
    );
  }

  async lockAliases(tx: Tx, items: readonly AliasName[]): Promise<readonly AliasFacts[]> {
    const names = items.map(({ name }) => name);
    await this.lock(tx, names);
    const rows = await tx.query<AliasRecord>(
      `SELECT m.name IS NOT NULL AS is_there, v.version_id, v.status, a.version AS previous_version
       FROM unnest($2::text[], $3::text[], $4::int[]) WITH ORDINALITY AS item (name, alias, version, at)
       LEFT JOIN model m ON m.tenant_id = $1 AND m.name = item.name AND m.deleted_at IS NULL
       LEFT JOIN model_version v ON v.tenant_id = $1 AND v.model_name = m.name AND v.version = item.version AND v.deleted_at IS NULL
       LEFT JOIN model_alias a ON a.tenant_id = $1 AND a.model_name = m.name AND a.alias = item.alias
       ORDER BY item.at`,
      [tx.tenantId, names, items.map(({ alias }) => alias), items.map(({ version }) => version)],
    );
    return rows.map((row) => ({
      isThere: row.is_there,
      versionId: row.version_id,
      status: row.status,
      previousVersion: row.previous_version,
    }));
  }

  async putAliases(tx: Tx, moves: readonly KeptMove[], at: Date): Promise<void> {
    if (moves.length === 0) return;
    const columns = ['modelName', 'alias', 'version', 'versionId', 'movedBy', 'movedAt', 'reason', 'moveId'] as const;
    // history, aliases and models in one statement: each sees what was before
    await tx.query(
      `WITH move AS (SELECT * FROM unnest($2::text[], $3::text[], $4::int[], $5::text[], $6::text[], $7::timestamptz[], $8::text[], $9::text[])
           AS move (model_name, alias, version, version_id, moved_by, moved_at, reason, move_id)),
         kept AS (INSERT INTO alias_move (tenant_id, model_name, alias, version, version_id, moved_by, moved_at, reason, move_id) SELECT $1::text, move.* FROM move),
         gone AS (DELETE FROM model_alias a USING move
           WHERE move.version IS NULL AND a.tenant_id = $1 AND a.model_name = move.model_name AND a.alias = move.alias)
       INSERT INTO model_alias (tenant_id, model_name, alias, version, version_id, moved_by, moved_at, reason)
       SELECT $1::text, model_name, alias, version, version_id, moved_by, moved_at, reason FROM move WHERE version IS NOT NULL
       ON CONFLICT (tenant_id, model_name, alias) DO UPDATE SET version = excluded.version, version_id = excluded.version_id,
         moved_by = excluded.moved_by, moved_at = excluded.moved_at, reason = excluded.reason`,
      [tx.tenantId, ...columns.map((column) => moves.map((move) => move[column]))],
    );
    await this.touch(
      tx,
      moves.map(({ modelName }) => modelName),
      at,
    );
  }

  /** In the order of names, so that two requests wait for each other and never both. */
  private async lock(tx: Tx, names: readonly string[]): Promise<void> {
    await tx.query(
      'SELECT 1 FROM model WHERE tenant_id = $1 AND name = ANY($2::text[]) AND deleted_at IS NULL ORDER BY name FOR UPDATE',
      [tx.tenantId, names],
    );
  }

  private async touch(tx: Tx, names: readonly string[], at: Date): Promise<void> {
    if (names.length === 0) return;
    await tx.query('UPDATE model SET updated_at = $3 WHERE tenant_id = $1 AND name = ANY($2::text[])', [
      tx.tenantId,
      names,
      at,
    ]);
  }
}
