import type { Digest, Owned, Page, PageRequest, TenantId } from '@myriad/kernel';
import { type Tx, pageOfRows, startOf } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { ClaimLimits, EvaluationStore } from '../application/ports.js';
import type { Evaluation } from '../domain/evaluation.js';

interface EvaluationRecord {
  tenant_id: TenantId;
  evaluation_id: string;
  model_name: string;
  version: number;
  version_id: string;
  application: string | null;
  suite: string;
  suite_version: number;
  status: Evaluation['status'];
  attempt: number;
  verdict: Evaluation['verdict'];
  reason: string;
  checks: Evaluation['checks'];
  metric: Evaluation['metric'];
  evidence_digest: Digest | null;
  created_at: Date;
  completed_at: Date | null;
}

function toEvaluation(row: EvaluationRecord): Owned<Evaluation> {
  return {
    tenantId: row.tenant_id,
    evaluationId: row.evaluation_id,
    modelName: row.model_name,
    version: row.version,
    versionId: row.version_id,
    application: row.application,
    suite: row.suite,
    suiteVersion: row.suite_version,
    status: row.status,
    attempt: row.attempt,
    verdict: row.verdict,
    reason: row.reason,
    checks: row.checks,
    metric: row.metric,
    evidenceDigest: row.evidence_digest,
    createdAt: row.created_at,
    completedAt: row.completed_at,
  };
}

const CLAIM = `
  UPDATE evaluation SET status = 'running', attempt = attempt + 1, claimed_at = $1
  WHERE (tenant_id, evaluation_id) = (
    SELECT tenant_id, evaluation_id FROM evaluation 
    WHERE (status = 'queued' AND (claimed_at IS NULL OR claimed_at < $3)) OR (status = 'running' AND claimed_at < $2)
    ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
  RETURNING *`;

@Injectable()
export class SqlEvaluationStore implements EvaluationStore {
  async insert(tx: Tx, evaluation: Evaluation): Promise<void> {
    await tx.query(
      `INSERT INTO evaluation (tenant_id, evaluation_id, model_name, version, version_id, application, suite, suite_version, status, attempt, reason, checks, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
      [
        tx.tenantId,
        evaluation.evaluationId,
        evaluation.modelName,
        evaluation.version,
        evaluation.versionId,
        evaluation.application,
        evaluation.suite,
        evaluation.suiteVersion,
        evaluation.status,
        evaluation.attempt,
        evaluation.reason,
        '[]',
        evaluation.createdAt,
      ],
    );
  }

  async insertFirst(tx: Tx, evaluation: Evaluation): Promise<void> {
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [
      `evaluation/${tx.tenantId}/${evaluation.versionId}`,
    ]);
    const known = await tx.query('SELECT 1 FROM evaluation WHERE tenant_id = $1 AND version_id = $2 LIMIT 1', [
      tx.tenantId,
      evaluation.versionId,
    ]);
    if (known.length === 0) await this.insert(tx, evaluation);
  }

  async update(tx: Tx, evaluation: Evaluation): Promise<void> {
    const { evaluationId, status, verdict, reason, checks, metric, evidenceDigest, completedAt } = evaluation;
    await tx.query(
      'UPDATE evaluation SET status = $3, verdict = $4, reason = $5, checks = $6, metric = $7, evidence_digest = $8, completed_at = $9 WHERE tenant_id = $1 AND evaluation_id = $2',
      [
        tx.tenantId,
        evaluationId,
        status,
        verdict,
        reason,
        JSON.stringify(checks),
        metric === null ? null : JSON.stringify(metric),
        evidenceDigest,
        completedAt,
      ],
    );
  }

  async find(tx: Tx, evaluationId: string): Promise<Owned<Evaluation> | undefined> {
    const [row] = await tx.query<EvaluationRecord>('SELECT * FROM evaluation WHERE evaluation_id = $1', [evaluationId]);
    return row && toEvaluation(row);
  }

  async lock(tx: Tx, evaluationId: string): Promise<Owned<Evaluation> | undefined> {
    const [row] = await tx.query<EvaluationRecord>('SELECT * FROM evaluation WHERE evaluation_id = $1 FOR UPDATE', [
      evaluationId,
    ]);
    return row && toEvaluation(row);
  }

  async list(
    tx: Tx,
    filter: PageRequest & { readonly modelName: string | undefined; readonly version: number | undefined },
  ): Promise<Page<Owned<Evaluation>>> {
    const rows = await tx.query<EvaluationRecord>(
      `SELECT * FROM evaluation WHERE ($1::text IS NULL OR evaluation_id < $1) AND ($2::text IS NULL OR model_name = $2) AND ($3::int IS NULL OR version = $3)
       ORDER BY evaluation_id DESC LIMIT $4`,
      [startOf(filter), filter.modelName ?? null, filter.version ?? null, filter.pageSize + 1],
    );
    return pageOfRows(rows, filter, toEvaluation, ({ evaluationId }) => evaluationId);
  }

  async newestOf(tx: Tx, versionId: string): Promise<Owned<Evaluation> | undefined> {
    const [row] = await tx.query<EvaluationRecord>(
      "SELECT * FROM evaluation WHERE version_id = $1 AND status = 'completed' ORDER BY evaluation_id DESC LIMIT 1",
      [versionId],
    );
    return row && toEvaluation(row);
  }

  async claim(tx: Tx, now: Date, { staleBefore, retryBefore }: ClaimLimits): Promise<Owned<Evaluation> | undefined> {
    const [row] = await tx.query<EvaluationRecord>(CLAIM, [now, staleBefore, retryBefore]);
    return row && toEvaluation(row);
  }

  async heartbeat(tx: Tx, { evaluationId, attempt }: Evaluation, now: Date): Promise<void> {
    await tx.query(
      "UPDATE evaluation SET claimed_at = $4 WHERE tenant_id = $1 AND evaluation_id = $2 AND attempt = $3 AND status = 'running'",
      [tx.tenantId, evaluationId, attempt, now],
    );
  }
}
