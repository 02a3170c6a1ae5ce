import type { TenantId } from '@myriad/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { PurgeReceipt, TenantPurge } from '../domain/tenant-purge.js';

@Entity('tenant_purge')
export class TenantPurgeRow implements TenantPurge {
  @PrimaryColumn({ name: 'tenant_id', type: 'text' })
  tenantId!: TenantId;

  @Column({ name: 'requested_by', type: 'text' })
  requestedBy!: string;

  @Column({ name: 'requested_at', type: 'timestamptz' })
  requestedAt!: Date;

  @Column({ name: 'confirmed_by', type: 'text', nullable: true })
  confirmedBy!: string | null;

  @Column({ name: 'confirmed_at', type: 'timestamptz', nullable: true })
  confirmedAt!: Date | null;

  @Column({ type: 'jsonb', nullable: true })
  receipt!: PurgeReceipt | null;
}
