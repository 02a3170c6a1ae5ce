import type { PrincipalId, TenantId } from '@myriad/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Key } from '../domain/key.js';

@Entity('api_key')
export class KeyRow implements Key {
  @PrimaryColumn({ name: 'tenant_id', type: 'text' })
  tenantId!: TenantId;

  @PrimaryColumn({ name: 'key_id', type: 'text' })
  keyId!: string;

  @Column({ type: 'text' })
  prefix!: string;

  @Column({ type: 'text' })
  hash!: string;

  @Column({ name: 'principal_id', type: 'text' })
  principalId!: PrincipalId;

  @Column({ type: 'text', array: true })
  scopes!: readonly string[];

  @Column({ name: 'expires_at', type: 'timestamptz', nullable: true })
  expiresAt!: Date | null;

  @Column({ name: 'revoked_at', type: 'timestamptz', nullable: true })
  revokedAt!: Date | null;

  @Column({ name: 'created_by', type: 'text' })
  createdBy!: PrincipalId;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;
}
