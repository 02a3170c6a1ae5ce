import type { Digest, Owned, Page, PageRequest, TenantId } from '@myriad/kernel';
import { type Tx, pageOfRows, startOf } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { PromotionStore } from '../application/ports.js';
import type { Promotion } from '../domain/promotion.js';

interface PromotionRecord {
  tenant_id: TenantId;
  promotion_id: string;
  model_name: string;
  version: number;
  version_id: string;
  environment: Promotion['environment'];
  status: Promotion['status'];
  reason: string;
  evidence_digest: Digest;
  approval_id: string | null;
  approved_by: string | null;
  requested_by: string;
  created_at: Date;
  trial: Promotion['trial'];
}

function toPromotion(row: PromotionRecord): Owned<Promotion> {
  return {
    tenantId: row.tenant_id,
    promotionId: row.promotion_id,
    modelName: row.model_name,
    version: row.version,
    versionId: row.version_id,
    environment: row.environment,
    status: row.status,
    reason: row.reason,
    evidenceDigest: row.evidence_digest,
    approvalId: row.approval_id,
    approvedBy: row.approved_by,
    requestedBy: row.requested_by,
    createdAt: row.created_at,
    trial: row.trial,
  };
}

@Injectable()
export class SqlPromotionStore implements PromotionStore {
  async insert(tx: Tx, promotion: Promotion): Promise<void> {
    await tx.query(
      `INSERT INTO promotion (tenant_id, promotion_id, model_name, version, version_id, environment, status, reason, evidence_digest, approval_id, approved_by, requested_by, created_at, trial)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
      [
        tx.tenantId,
        promotion.promotionId,
        promotion.modelName,
        promotion.version,
        promotion.versionId,
        promotion.environment,
        promotion.status,
        promotion.reason,
        promotion.evidenceDigest,
        promotion.approvalId,
        promotion.approvedBy,
        promotion.requestedBy,
        promotion.createdAt,
        promotion.trial && JSON.stringify(promotion.trial),
      ],
    );
  }

  async update(tx: Tx, promotion: Promotion): Promise<void> {
    await tx.query(
      'UPDATE promotion SET status = $2, reason = $3, approval_id = $4, approved_by = $5 WHERE promotion_id = $1',
      [promotion.promotionId, promotion.status, promotion.reason, promotion.approvalId, promotion.approvedBy],
    );
  }

  async find(tx: Tx, promotionId: string): Promise<Owned<Promotion> | undefined> {
    const [row] = await tx.query<PromotionRecord>('SELECT * FROM promotion WHERE promotion_id = $1', [promotionId]);
    return row && toPromotion(row);
  }

  async list(tx: Tx, page: PageRequest): Promise<Page<Owned<Promotion>>> {
    const rows = await tx.query<PromotionRecord>(
      'SELECT * FROM promotion WHERE ($1::text IS NULL OR promotion_id < $1) ORDER BY promotion_id DESC LIMIT $2',
      [startOf(page), page.pageSize + 1],
    );
    return pageOfRows(rows, page, toPromotion, ({ promotionId }) => promotionId);
  }

  async lockOpen(tx: Tx, limit: number): Promise<readonly Owned<Promotion>[]> {
    const rows = await tx.query<PromotionRecord>(
      "SELECT * FROM promotion WHERE status IN ('awaiting-approval', 'rolling-out') ORDER BY created_at LIMIT $1 FOR UPDATE SKIP LOCKED",
      [limit],
    );
    return rows.map(toPromotion);
  }
}
