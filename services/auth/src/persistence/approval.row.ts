import type { Digest, PrincipalId, TenantId } from '@myriad/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Approval, ApprovalKind, ApprovalStatus } from '../domain/approval.js';

@Entity('approval')
export class ApprovalRow implements Approval {
  @PrimaryColumn({ name: 'tenant_id', type: 'text' })
  tenantId!: TenantId;

  @PrimaryColumn({ name: 'approval_id', type: 'text' })
  approvalId!: string;

  @Column({ type: 'text' })
  kind!: ApprovalKind;

  @Column({ name: 'subject_id', type: 'text' })
  subjectId!: string;

  @Column({ name: 'evidence_digest', type: 'text' })
  evidenceDigest!: Digest;

  @Column({ type: 'text' })
  summary!: string;

  @Column({ name: 'requested_by', type: 'text' })
  requestedBy!: PrincipalId;

  @Column({ type: 'text', array: true })
  parties!: readonly string[];

  @Column({ type: 'text' })
  status!: ApprovalStatus;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt!: Date;

  @Column({ name: 'decided_by', type: 'text', nullable: true })
  decidedBy!: PrincipalId | null;

  @Column({ name: 'decided_at', type: 'timestamptz', nullable: true })
  decidedAt!: Date | null;

  @Column({ type: 'text', nullable: true })
  comment!: string | null;
}
