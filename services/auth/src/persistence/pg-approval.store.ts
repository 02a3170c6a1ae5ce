import { type Page, type TenantId, pageFrom } from '@myriad/kernel';
import { decodeCursor, encodeCursor, type Tx } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import { LessThan, LessThanOrEqual } from 'typeorm';
import { ApprovalStore, type ApprovalQuery } from '../application/ports/approval.store.js';
import type { Approval, ApprovalKind } from '../domain/approval.js';
import { ApprovalRow } from './approval.row.js';

@Injectable()
export class PgApprovalStore extends ApprovalStore {
  async find(tx: Tx, approvalId: string): Promise<Approval | undefined> {
    return (await tx.repo(ApprovalRow).findOneBy({ tenantId: tx.tenantId, approvalId })) ?? undefined;
  }

  async lock(tx: Tx, approvalId: string): Promise<Approval | undefined> {
    const where = { tenantId: tx.tenantId, approvalId };
    return (await tx.repo(ApprovalRow).findOne({ where, lock: { mode: 'pessimistic_write' } })) ?? undefined;
  }

  lockOfSubject(tx: Tx, kind: ApprovalKind, subjectId: string): Promise<Approval[]> {
    return tx.repo(ApprovalRow).find({
      where: { tenantId: tx.tenantId, kind, subjectId },
      order: { approvalId: 'ASC' },
      lock: { mode: 'pessimistic_write' },
    });
  }

  async list(tx: Tx, { pageSize, pageToken, status, subjectId }: ApprovalQuery): Promise<Page<Approval>> {
    const where = {
      tenantId: tx.tenantId,
      ...(status === undefined ? {} : { status }),
      ...(subjectId === undefined ? {} : { subjectId }),
      ...(pageToken === undefined ? {} : { approvalId: LessThan(decodeCursor(pageToken, 'approvals')[0] as string) }),
    };
    const rows = await tx.repo(ApprovalRow).find({ where, order: { approvalId: 'DESC' }, take: pageSize + 1 });
    return pageFrom(rows, pageSize, (last) => encodeCursor([last.approvalId], 'approvals'));
  }

  due(tx: Tx, at: Date, limit: number): Promise<{ readonly tenantId: TenantId; readonly approvalId: string }[]> {
    return tx.repo(ApprovalRow).find({
      select: { tenantId: true, approvalId: true },
      where: { status: 'pending', expiresAt: LessThanOrEqual(at) },
      order: { expiresAt: 'ASC' },
      take: limit,
    });
  }

  async insert(tx: Tx, approval: Approval): Promise<void> {
    await tx.repo(ApprovalRow).insert({ ...approval, tenantId: tx.tenantId });
  }

  async update(tx: Tx, { approvalId, ...columns }: Approval): Promise<void> {
    await tx.repo(ApprovalRow).update({ tenantId: tx.tenantId, approvalId }, columns);
  }
}
