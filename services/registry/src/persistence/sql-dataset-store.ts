import type { Digest, Page, PageRequest } from '@myriad/kernel';
import { type Tx, pageOfRows, startOf } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { DatasetStore } from '../application/ports.js';
import type { Classification, ColumnStatistics, Dataset, DatasetVersion, FileFormat } from '../domain/dataset.js';

interface DatasetRecord {
  name: string;
  dataset_id: string;
  description: string;
  classification: Classification;
  latest_version: number | null;
  created_by: string;
  created_at: Date;
}

interface VersionRecord {
  dataset_name: string;
  version: number;
  digest: Digest;
  format: FileFormat;
  size_bytes: string;
  row_count: string;
  columns: ColumnStatistics[];
  committed_by: string;
  committed_at: Date;
}

function toDataset(row: DatasetRecord): Dataset {
  return {
    datasetId: row.dataset_id,
    name: row.name,
    description: row.description,
    classification: row.classification,
    latestVersion: row.latest_version,
    createdBy: row.created_by,
    createdAt: row.created_at,
  };
}

function toVersion(row: VersionRecord): DatasetVersion {
  return {
    datasetName: row.dataset_name,
    version: row.version,
    digest: row.digest,
    format: row.format,
    sizeBytes: Number(row.size_bytes),
    rowCount: Number(row.row_count),
    columns: row.columns,
    committedBy: row.committed_by,
    committedAt: row.committed_at,
  };
}

@Injectable()
export class SqlDatasetStore implements DatasetStore {
  async insert(tx: Tx, dataset: Dataset): Promise<boolean> {
    const rows = await tx.query(
      `INSERT INTO dataset (tenant_id, name, dataset_id, description, classification, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (tenant_id, name) DO NOTHING RETURNING 1`,
      [
        tx.tenantId,
        dataset.name,
        dataset.datasetId,
        dataset.description,
        dataset.classification,
        dataset.createdBy,
        dataset.createdAt,
      ],
    );
    return rows.length === 1;
  }

  async find(tx: Tx, name: string): Promise<Dataset | undefined> {
    const [row] = await tx.query<DatasetRecord>('SELECT * FROM dataset WHERE name = $1', [name]);
    return row && toDataset(row);
  }

  async list(tx: Tx, page: PageRequest): Promise<Page<Dataset>> {
    const rows = await tx.query<DatasetRecord>(
      'SELECT * FROM dataset WHERE ($1::text IS NULL OR name > $1) ORDER BY name LIMIT $2',
      [startOf(page), page.pageSize + 1],
    );
    return pageOfRows(rows, page, toDataset, ({ name }) => name);
  }

  async lock(tx: Tx, name: string): Promise<Dataset | undefined> {
    const [row] = await tx.query<DatasetRecord>('SELECT * FROM dataset WHERE name = $1 FOR UPDATE', [name]);
    return row && toDataset(row);
  }

  async insertVersion(tx: Tx, version: DatasetVersion): Promise<void> {
    await tx.query(
      `INSERT INTO dataset_version (tenant_id, dataset_name, version, digest, format, size_bytes, row_count, columns, committed_by, committed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      [
        tx.tenantId,
        version.datasetName,
        version.version,
        version.digest,
        version.format,
        version.sizeBytes,
        version.rowCount,
        JSON.stringify(version.columns),
        version.committedBy,
        version.committedAt,
      ],
    );
    await tx.query('UPDATE dataset SET latest_version = $3 WHERE tenant_id = $1 AND name = $2', [
      tx.tenantId,
      version.datasetName,
      version.version,
    ]);
  }

  async findVersion(tx: Tx, name: string, version: number): Promise<DatasetVersion | undefined> {
    const [row] = await tx.query<VersionRecord>(
      'SELECT * FROM dataset_version WHERE dataset_name = $1 AND version = $2',
      [name, version],
    );
    return row && toVersion(row);
  }

  async findVersionByDigest(tx: Tx, name: string, digest: Digest): Promise<DatasetVersion | undefined> {
    const [row] = await tx.query<VersionRecord>(
      'SELECT * FROM dataset_version WHERE dataset_name = $1 AND digest = $2',
      [name, digest],
    );
    return row && toVersion(row);
  }

  async listVersions(tx: Tx, name: string, page: PageRequest): Promise<Page<DatasetVersion>> {
    const rows = await tx.query<VersionRecord>(
      'SELECT * FROM dataset_version WHERE dataset_name = $1 AND ($2::int IS NULL OR version < $2) ORDER BY version DESC LIMIT $3',
      [name, startOf(page), page.pageSize + 1],
    );
    return pageOfRows(rows, page, toVersion, ({ version }) => version);
  }
}
