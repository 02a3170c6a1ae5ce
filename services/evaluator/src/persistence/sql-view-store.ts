import type { Digest, Owned, TenantId } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type {
  AdmittedVersion,
  ApprovalView,
  DatasetView,
  RolloutView,
  VersionView,
  ViewStore,
} from '../application/ports.js';
import type { RunFacts } from '../domain/collect.js';

interface VersionRecord {
  tenant_id: TenantId;
  model_name: string;
  version: number;
  version_id: string;
  application: string | null;
  admission: 'admitted' | 'rejected';
  reason: string;
  run_id: string | null;
  admitted: AdmittedVersion | null;
}

function toVersion(row: VersionRecord): VersionView {
  return {
    modelName: row.model_name,
    version: row.version,
    versionId: row.version_id,
    application: row.application,
    admission: row.admission,
    reason: row.reason,
    runId: row.run_id,
    admitted: row.admitted,
  };
}

interface RunFactsRecord {
  tenant_id: string;
  model_name: string;
  outcome: RunFacts['outcome'];
  run_reason: string;
  version: number | null;
  version_id: string;
  admission: 'admitted' | 'rejected';
  admitted: AdmittedVersion | null;
  version_reason: string;
  status: 'queued' | 'running' | 'completed' | 'failed' | null;
  verdict: NonNullable<RunFacts['evaluation']>['verdict'];
  evaluation_reason: string;
  evidence_digest: Digest | null;
  metric: NonNullable<RunFacts['evaluation']>['metric'];
}

const RUN_FACTS = `
  SELECT r.tenant_id, r.model_name, r.outcome, r.reason AS run_reason, v.version, v.version_id, v.admission, v.admitted, v.reason AS version_reason,
         e.status, e.verdict, e.reason AS evaluation_reason, e.evidence_digest, e.metric
  FROM run_view r
  LEFT JOIN version_view v ON v.tenant_id = r.tenant_id AND v.run_id = r.run_id
  LEFT JOIN LATERAL (SELECT * FROM evaluation WHERE tenant_id = v.tenant_id AND version_id = v.version_id ORDER BY evaluation_id DESC LIMIT 1) e ON true
  WHERE r.fleet_run_id = $1 ORDER BY r.tenant_id, r.model_name`;

const NO_ARTIFACT: Digest = `sha256:${'0'.repeat(64)}`;

function toRunFacts(row: RunFactsRecord): RunFacts {
  const { version, status } = row;
  return {
    tenantId: row.tenant_id,
    modelName: row.model_name,
    outcome: row.outcome,
    reason: row.run_reason,
    version:
      version === null
        ? null
        : {
            version,
            versionId: row.version_id,
            artifactDigest: row.admitted?.artifactDigest ?? NO_ARTIFACT,
            admission: row.admission,
            reason: row.version_reason,
          },
    evaluation:
      status === null
        ? null
        : {
            status,
            verdict: row.verdict,
            reason: row.evaluation_reason,
            evidenceDigest: row.evidence_digest,
            metric: row.metric,
          },
  };
}

@Injectable()
export class SqlViewStore implements ViewStore {
  async saveVersion(tx: Tx, view: VersionView): Promise<void> {
    await tx.query(
      `INSERT INTO version_view (tenant_id, model_name, version, version_id, application, admission, reason, run_id, admitted) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
       ON CONFLICT (tenant_id, model_name, version) DO UPDATE SET admission = excluded.admission, reason = excluded.reason, admitted = excluded.admitted`,
      [
        tx.tenantId,
        view.modelName,
        view.version,
        view.versionId,
        view.application,
        view.admission,
        view.reason,
        view.runId,
        view.admitted === null ? null : JSON.stringify(view.admitted),
      ],
    );
  }

  async findVersion(tx: Tx, modelName: string, version: number): Promise<VersionView | undefined> {
    return this.findVersionOf(tx, tx.tenantId, modelName, version);
  }

  async findVersionOf(tx: Tx, tenantId: string, modelName: string, version: number): Promise<VersionView | undefined> {
    const [row] = await tx.query<VersionRecord>(
      'SELECT * FROM version_view WHERE tenant_id = $1 AND model_name = $2 AND version = $3',
      [tenantId, modelName, version],
    );
    return row && toVersion(row);
  }

  async neverJudged(tx: Tx, application: string): Promise<readonly Owned<VersionView>[]> {
    const rows = await tx.query<VersionRecord>(
      `SELECT * FROM version_view v WHERE application = $1 AND admission = 'admitted'
         AND NOT EXISTS (SELECT 1 FROM evaluation e WHERE e.tenant_id = v.tenant_id AND e.version_id = v.version_id)`,
      [application],
    );
    return rows.map((row) => ({ ...toVersion(row), tenantId: row.tenant_id }));
  }

  async saveDataset(tx: Tx, view: DatasetView): Promise<void> {
    await tx.query(
      `INSERT INTO dataset_view (tenant_id, dataset_name, version, digest, format) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (tenant_id, dataset_name) DO UPDATE SET version = excluded.version, digest = excluded.digest, format = excluded.format WHERE dataset_view.version < excluded.version`,
      [tx.tenantId, view.datasetName, view.version, view.digest, view.format],
    );
  }

  async newestDataset(tx: Tx, datasetName: string): Promise<DatasetView | undefined> {
    const [row] = await tx.query<{ version: number; digest: Digest; format: 'csv' | 'parquet' }>(
      'SELECT version, digest, format FROM dataset_view WHERE tenant_id = $1 AND dataset_name = $2',
      [tx.tenantId, datasetName],
    );
    return row && { datasetName, ...row };
  }

  async saveApplication(tx: Tx, view: { readonly name: string; readonly suite: string | null }): Promise<void> {
    await tx.query(
      'INSERT INTO application_view (tenant_id, name, suite) VALUES ($1, $2, $3) ON CONFLICT (tenant_id, name) DO UPDATE SET suite = excluded.suite',
      [tx.tenantId, view.name, view.suite],
    );
  }

  async suiteOfApplication(tx: Tx, name: string): Promise<string | null> {
    const [row] = await tx.query<{ suite: string | null }>('SELECT suite FROM application_view WHERE name = $1', [
      name,
    ]);
    return row?.suite ?? null;
  }

  async saveRun(tx: Tx, view: Parameters<ViewStore['saveRun']>[1]): Promise<void> {
    await tx.query(
      'INSERT INTO run_view (tenant_id, run_id, fleet_run_id, model_name, outcome, reason) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant_id, run_id) DO NOTHING',
      [tx.tenantId, view.runId, view.fleetRunId, view.modelName, view.outcome, view.reason],
    );
  }

  async saveFleetRun(tx: Tx, view: Parameters<ViewStore['saveFleetRun']>[1]): Promise<void> {
    await tx.query(
      `INSERT INTO fleet_run_view (tenant_id, fleet_run_id, application, is_ended, total) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (tenant_id, fleet_run_id) DO UPDATE SET is_ended = fleet_run_view.is_ended OR excluded.is_ended, total = excluded.total`,
      [tx.tenantId, view.fleetRunId, view.application, view.isEnded, view.total],
    );
  }

  async findFleetRun(
    tx: Tx,
    fleetRunId: string,
  ): Promise<{ application: string; isEnded: boolean; total: number } | undefined> {
    const [row] = await tx.query<{ application: string; is_ended: boolean; total: number }>(
      'SELECT application, is_ended, total FROM fleet_run_view WHERE fleet_run_id = $1',
      [fleetRunId],
    );
    return row && { application: row.application, isEnded: row.is_ended, total: row.total };
  }

  async runFacts(tx: Tx, fleetRunId: string): Promise<readonly RunFacts[]> {
    const rows = await tx.query<RunFactsRecord>(RUN_FACTS, [fleetRunId]);
    return rows.map(toRunFacts);
  }

  async saveApproval(tx: Tx, view: ApprovalView): Promise<void> {
    await tx.query(
      `INSERT INTO approval_view (tenant_id, approval_id, subject_id, evidence_digest, status, decided_by, reason) VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (tenant_id, approval_id) DO UPDATE SET status = excluded.status, decided_by = excluded.decided_by, reason = excluded.reason WHERE excluded.status <> 'pending'`,
      [tx.tenantId, view.approvalId, view.subjectId, view.evidenceDigest, view.status, view.decidedBy, view.reason],
    );
  }

  async findApproval(tx: Tx, subjectId: string, evidenceDigest: Digest): Promise<ApprovalView | undefined> {
    const [row] = await tx.query<{
      approval_id: string;
      status: ApprovalView['status'];
      decided_by: string | null;
      reason: string;
    }>(
      'SELECT approval_id, status, decided_by, reason FROM approval_view WHERE subject_id = $1 AND evidence_digest = $2 ORDER BY approval_id DESC LIMIT 1',
      [subjectId, evidenceDigest],
    );
    return (
      row && {
        approvalId: row.approval_id,
        subjectId,
        evidenceDigest,
        status: row.status,
        decidedBy: row.decided_by,
        reason: row.reason,
      }
    );
  }

  async saveRollout(tx: Tx, view: RolloutView): Promise<void> {
    await tx.query(
      'INSERT INTO rollout_view (tenant_id, promotion_id, status, reason) VALUES ($1, $2, $3, $4) ON CONFLICT (tenant_id, promotion_id) DO UPDATE SET status = excluded.status, reason = excluded.reason',
      [tx.tenantId, view.promotionId, view.status, view.reason],
    );
  }

  async findRollouts(tx: Tx, promotionIds: readonly string[]): Promise<readonly RolloutView[]> {
    if (promotionIds.length === 0) return [];
    const rows = await tx.query<{ promotion_id: string; status: RolloutView['status']; reason: string }>(
      'SELECT promotion_id, status, reason FROM rollout_view WHERE promotion_id = ANY($1)',
      [promotionIds],
    );
    return rows.map((row) => ({ promotionId: row.promotion_id, status: row.status, reason: row.reason }));
  }
}
