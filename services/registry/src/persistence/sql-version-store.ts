import type { Digest, Owned, Page, PageRequest, TenantId } from '@myriad/kernel';
import { type Tx, pageOfRows, startOf } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { VersionName, VersionStore } from '../application/ports.js';
import type { AdmissionReport, AdmissionStatus, Lineage, ModelVersion, Tags } from '../domain/model.js';

export interface VersionRecord {
  tenant_id: TenantId;
  model_name: string;
  version: number;
  version_id: string;
  application: string | null;
  description: string | null;
  /** Not where a version is taken for admission. */
  tags?: Tags | null;
  artifact_digest: Digest;
  parity_digest: Digest | null;
  size_bytes: string;
  status: AdmissionStatus;
  attempt: number;
  checked_at: Date | null;
  review_digest: Digest | null;
  report: AdmissionReport;
  lineage: Lineage;
  registered_by: string;
  registered_at: Date;
}

export function toVersion(row: VersionRecord): Owned<ModelVersion> {
  return {
    ...row.report,
    // not in reports of before
    serving: (row.report as Partial<AdmissionReport>).serving ?? null,
    tenantId: row.tenant_id,
    modelName: row.model_name,
    version: row.version,
    versionId: row.version_id,
    application: row.application,
    description: row.description,
    tags: row.tags ?? {},
    artifactDigest: row.artifact_digest,
    parityDigest: row.parity_digest,
    sizeBytes: Number(row.size_bytes),
    status: row.status,
    attempt: row.attempt,
    checkedAt: row.checked_at,
    reviewDigest: row.review_digest,
    lineage: row.lineage,
    registeredBy: row.registered_by,
    registeredAt: row.registered_at,
  };
}

function reportOf({ reasons, parity, signature, family, sizeClass, profile, serving }: ModelVersion): string {
  return JSON.stringify({ reasons, parity, signature, family, sizeClass, profile, serving });
}

/** A version `v` with its tags. */
export const VERSION_COLUMNS = `v.*, (SELECT jsonb_object_agg(t.key, t.value) FROM version_tag t
  WHERE t.tenant_id = v.tenant_id AND t.model_name = v.model_name AND t.version = v.version) AS tags`;

const CLAIM = `
  UPDATE model_version SET attempt = attempt + 1, claimed_at = $1
  WHERE (tenant_id, version_id) = (
    SELECT tenant_id, version_id FROM model_version WHERE status = 'pending' AND deleted_at IS NULL AND (claimed_at IS NULL OR claimed_at < $2)
    ORDER BY registered_at LIMIT 1 FOR UPDATE SKIP LOCKED)
  RETURNING *`;

@Injectable()
export class SqlVersionStore implements VersionStore {
  async insert(tx: Tx, version: ModelVersion): Promise<void> {
    await tx.query(
      `INSERT INTO model_version (tenant_id, model_name, version, version_id, application, artifact_digest, parity_digest, size_bytes, run_id, status, attempt, report, lineage, registered_by, registered_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
      [
        tx.tenantId,
        version.modelName,
        version.version,
        version.versionId,
        version.application,
        version.artifactDigest,
        version.parityDigest,
        version.sizeBytes,
        version.lineage.runId,
        version.status,
        version.attempt,
        reportOf(version),
        JSON.stringify(version.lineage),
        version.registeredBy,
        version.registeredAt,
      ],
    );
  }

  async update(tx: Tx, version: ModelVersion): Promise<void> {
    await tx.query(
      'UPDATE model_version SET status = $3, checked_at = $4, review_digest = $5, report = $6 WHERE tenant_id = $1 AND version_id = $2',
      [tx.tenantId, version.versionId, version.status, version.checkedAt, version.reviewDigest, reportOf(version)],
    );
  }

  async find(tx: Tx, modelName: string, version: number): Promise<ModelVersion | undefined> {
    const [row] = await tx.query<VersionRecord>(
      `SELECT ${VERSION_COLUMNS} FROM model_version v WHERE v.tenant_id = $1 AND v.model_name = $2 AND v.version = $3 AND v.deleted_at IS NULL`,
      [tx.tenantId, modelName, version],
    );
    return row && toVersion(row);
  }

  async describe(tx: Tx, { modelName, version }: VersionName, description: string | null): Promise<void> {
    await tx.query(
      'UPDATE model_version SET description = $4 WHERE tenant_id = $1 AND model_name = $2 AND version = $3',
      [tx.tenantId, modelName, version, description],
    );
  }

  async findById(tx: Tx, versionId: string): Promise<ModelVersion | undefined> {
    const [row] = await tx.query<VersionRecord>('SELECT * FROM model_version WHERE version_id = $1 FOR UPDATE', [
      versionId,
    ]);
    return row && toVersion(row);
  }

  async findByRun(tx: Tx, runId: string): Promise<ModelVersion | undefined> {
    const [row] = await tx.query<VersionRecord>('SELECT * FROM model_version WHERE run_id = $1', [runId]);
    return row && toVersion(row);
  }

  async list(tx: Tx, modelName: string, page: PageRequest): Promise<Page<ModelVersion>> {
    const rows = await tx.query<VersionRecord>(
      `SELECT ${VERSION_COLUMNS} FROM model_version v WHERE v.tenant_id = $1 AND v.model_name = $2 AND v.deleted_at IS NULL
       AND ($3::int IS NULL OR v.version < $3) ORDER BY v.version DESC LIMIT $4`,
      [tx.tenantId, modelName, startOf(page), page.pageSize + 1],
    );
    return pageOfRows(rows, page, toVersion, ({ version }) => version);
  }

  async claim(tx: Tx, now: Date, staleBefore: Date): Promise<Owned<ModelVersion> | undefined> {
    const [row] = await tx.query<VersionRecord>(CLAIM, [now, staleBefore]);
    return row && toVersion(row);
  }
}
