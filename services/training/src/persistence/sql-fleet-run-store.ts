import { PLATFORM_TENANT, type Page, type PageRequest } from '@myriad/kernel';
import { type Tx, pageOfRows, startOf } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { FleetRunStore } from '../application/ports.js';
import type { FleetRun } from '../domain/job.js';

interface FleetRunRecord {
  fleet_run_id: string;
  application: string;
  dataset_name: string;
  recipe: string;
  recipe_version: number;
  parameters: Record<string, unknown>;
  status: FleetRun['status'];
  created_by: string;
  created_at: Date;
  ended_at: Date | null;
}

function toFleetRun(row: FleetRunRecord): FleetRun {
  return {
    fleetRunId: row.fleet_run_id,
    application: row.application,
    datasetName: row.dataset_name,
    recipe: row.recipe,
    recipeVersion: row.recipe_version,
    parameters: row.parameters,
    status: row.status,
    createdBy: row.created_by,
    createdAt: row.created_at,
    endedAt: row.ended_at,
  };
}

/** Fleet runs belong to the platform, whatever transaction they are written in. */
@Injectable()
export class SqlFleetRunStore implements FleetRunStore {
  async insert(tx: Tx, fleetRun: FleetRun): Promise<void> {
    await tx.query(
      'INSERT INTO fleet_run (tenant_id, fleet_run_id, application, dataset_name, recipe, recipe_version, parameters, status, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)',
      [
        PLATFORM_TENANT,
        fleetRun.fleetRunId,
        fleetRun.application,
        fleetRun.datasetName,
        fleetRun.recipe,
        fleetRun.recipeVersion,
        JSON.stringify(fleetRun.parameters),
        fleetRun.status,
        fleetRun.createdBy,
        fleetRun.createdAt,
      ],
    );
  }

  async update(tx: Tx, fleetRun: FleetRun): Promise<void> {
    await tx.query('UPDATE fleet_run SET status = $3, ended_at = $4 WHERE tenant_id = $1 AND fleet_run_id = $2', [
      PLATFORM_TENANT,
      fleetRun.fleetRunId,
      fleetRun.status,
      fleetRun.endedAt,
    ]);
  }

  async find(tx: Tx, fleetRunId: string): Promise<FleetRun | undefined> {
    const [row] = await tx.query<FleetRunRecord>('SELECT * FROM fleet_run WHERE fleet_run_id = $1 FOR UPDATE', [
      fleetRunId,
    ]);
    return row && toFleetRun(row);
  }

  async list(tx: Tx, page: PageRequest): Promise<Page<FleetRun>> {
    const rows = await tx.query<FleetRunRecord>(
      'SELECT * FROM fleet_run WHERE ($1::text IS NULL OR fleet_run_id < $1) ORDER BY fleet_run_id DESC LIMIT $2',
      [startOf(page), page.pageSize + 1],
    );
    return pageOfRows(rows, page, toFleetRun, ({ fleetRunId }) => fleetRunId);
  }
}
