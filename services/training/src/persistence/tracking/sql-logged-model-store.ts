import type { Tx } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { LoggedModelStore } from '../../application/tracking/ports.js';
import type { KeyValue, LoggedModel, LoggedModelStatus } from '../../domain/tracking.js';

interface ModelRecord {
  model_id: string;
  experiment_id: string;
  name: string;
  model_type: string;
  source_run_id: string;
  status: LoggedModelStatus;
  artifact_uri: string;
  params: KeyValue[];
  tags: KeyValue[];
  created_at: Date;
  updated_at: Date;
}

const toModel = (row: ModelRecord): LoggedModel => ({
  modelId: row.model_id,
  experimentId: row.experiment_id,
  name: row.name,
  modelType: row.model_type,
  sourceRunId: row.source_run_id,
  status: row.status,
  artifactUri: row.artifact_uri,
  params: row.params,
  tags: row.tags,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

@Injectable()
export class SqlLoggedModelStore implements LoggedModelStore {
  async insert(tx: Tx, model: LoggedModel): Promise<void> {
    const { modelId, experimentId, name, modelType, sourceRunId, status, artifactUri, createdAt, updatedAt } = model;
    await tx.query(
      `INSERT INTO logged_model (tenant_id, model_id, experiment_id, name, model_type, source_run_id, status, artifact_uri, params, tags, created_at, updated_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
      [
        ...[tx.tenantId, modelId, experimentId, name, modelType, sourceRunId, status, artifactUri],
        ...[JSON.stringify(model.params), JSON.stringify(model.tags), createdAt, updatedAt],
      ],
    );
  }

  async find(tx: Tx, modelId: string): Promise<LoggedModel | undefined> {
    const sql = 'SELECT * FROM logged_model WHERE tenant_id = $1 AND model_id = $2 FOR UPDATE';
    const [row] = await tx.query<ModelRecord>(sql, [tx.tenantId, modelId]);
    return row && toModel(row);
  }

  async update(tx: Tx, { modelId, status, params, tags, updatedAt }: LoggedModel): Promise<void> {
    await tx.query(
      'UPDATE logged_model SET status = $3, params = $4, tags = $5, updated_at = $6 WHERE tenant_id = $1 AND model_id = $2',
      [tx.tenantId, modelId, status, JSON.stringify(params), JSON.stringify(tags), updatedAt],
    );
  }
}
