import type { PrincipalId, TenantId } from '@myriad/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Binding } from '../domain/binding.js';
import type { Principal, PrincipalKind } from '../domain/principal.js';

@Entity('principal')
export class PrincipalRow implements Principal {
  @PrimaryColumn({ name: 'tenant_id', type: 'text' })
  homeTenantId!: TenantId;

  @PrimaryColumn({ name: 'principal_id', type: 'text' })
  principalId!: PrincipalId;

  @Column({ type: 'text' })
  kind!: PrincipalKind;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text' })
  status!: Principal['status'];

  @Column({ type: 'jsonb' })
  bindings!: readonly Binding[];

  @Column({ name: 'group_bindings', type: 'jsonb' })
  groupBindings!: readonly Binding[];

  @Column({ type: 'int' })
  generation!: number;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;
}
