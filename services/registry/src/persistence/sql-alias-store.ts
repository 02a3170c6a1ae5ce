import type { Page, PageRequest } from '@myriad/kernel';
import { type Tx, pageOfRows, startOf } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { AliasStore, KeptMove } from '../application/ports.js';
import type { Alias, AliasMove } from '../domain/model.js';

interface MoveRecord {
  model_name: string;
  alias: string;
  version: number | null;
  version_id: string | null;
  moved_by: string;
  moved_at: Date;
  reason: string;
  move_id: string;
}
type AliasRecord = MoveRecord & { version: number; version_id: string };

function toAlias(row: AliasRecord): Alias {
  return { ...toMove(row), version: row.version, versionId: row.version_id };
}

function toMove(row: MoveRecord): KeptMove {
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

const COLUMNS = 'tenant_id, model_name, alias, version, version_id, moved_by, moved_at, reason';

function valuesOf(tx: Tx, move: AliasMove): readonly unknown[] {
  const { modelName, alias, version, versionId, movedBy, movedAt, reason } = move;
  return [tx.tenantId, modelName, alias, version, versionId, movedBy, movedAt, reason];
}

@Injectable()
export class SqlAliasStore implements AliasStore {
  async find(tx: Tx, modelName: string, alias: string): Promise<Alias | undefined> {
    const [row] = await tx.query<AliasRecord>(
      'SELECT * FROM model_alias WHERE tenant_id = $1 AND model_name = $2 AND alias = $3',
      [tx.tenantId, modelName, alias],
    );
    return row && toAlias(row);
  }

  async findAsOf(
    tx: Tx,
    { modelName, alias, at }: { modelName: string; alias: string; at: Date },
  ): Promise<AliasMove | undefined> {
    const [row] = await tx.query<MoveRecord>(
      'SELECT * FROM alias_move WHERE tenant_id = $1 AND model_name = $2 AND alias = $3 AND moved_at <= $4 ORDER BY move_id DESC LIMIT 1',
      [tx.tenantId, modelName, alias, at],
    );
    return row && toMove(row);
  }

  async put(tx: Tx, alias: Alias): Promise<void> {
    await tx.query(
      `INSERT INTO model_alias (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
       ON CONFLICT (tenant_id, model_name, alias) DO UPDATE SET version = excluded.version, version_id = excluded.version_id, moved_by = excluded.moved_by, moved_at = excluded.moved_at, reason = excluded.reason`,
      valuesOf(tx, alias),
    );
  }

  async remove(tx: Tx, modelName: string, alias: string): Promise<void> {
    await tx.query('DELETE FROM model_alias WHERE tenant_id = $1 AND model_name = $2 AND alias = $3', [
      tx.tenantId,
      modelName,
      alias,
    ]);
  }

  async record(tx: Tx, move: KeptMove): Promise<void> {
    await tx.query(`INSERT INTO alias_move (${COLUMNS}, move_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, [
      ...valuesOf(tx, move),
      move.moveId,
    ]);
  }

  async list(tx: Tx, modelName: string, page: PageRequest): Promise<Page<Alias>> {
    const rows = await tx.query<AliasRecord>(
      'SELECT * FROM model_alias WHERE tenant_id = $1 AND model_name = $2 AND ($3::text IS NULL OR alias > $3) ORDER BY alias LIMIT $4',
      [tx.tenantId, modelName, startOf(page), page.pageSize + 1],
    );
    return pageOfRows(rows, page, toAlias, ({ alias }) => alias);
  }

  async history(tx: Tx, modelName: string, alias: string, page: PageRequest): Promise<Page<AliasMove>> {
    const rows = await tx.query<MoveRecord>(
      'SELECT * FROM alias_move WHERE tenant_id = $1 AND model_name = $2 AND alias = $3 AND ($4::text IS NULL OR move_id < $4) ORDER BY move_id DESC LIMIT $5',
      [tx.tenantId, modelName, alias, startOf(page), page.pageSize + 1],
    );
    return pageOfRows(rows, page, toMove, ({ moveId }) => moveId);
  }
}
