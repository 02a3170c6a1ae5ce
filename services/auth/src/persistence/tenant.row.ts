import type { TenantId } from '@myriad/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { RateLimit, Tenant } from '../domain/tenant.js';

@Entity('tenant')
export class TenantRow implements Tenant {
  @PrimaryColumn({ name: 'tenant_id', type: 'text' })
  tenantId!: TenantId;

  @Column({ name: 'display_name', type: 'text' })
  displayName!: string;

  @Column({ type: 'text' })
  status!: Tenant['status'];

  @Column({ name: 'rate_limit', type: 'jsonb' })
  rateLimit!: RateLimit;

  @Column({ type: 'int' })
  generation!: number;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;
}
