import type { TenantId } from '@myriad/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { SigningKey } from '../domain/signing-key.js';

@Entity('signing_key')
export class SigningKeyRow implements SigningKey {
  @PrimaryColumn({ name: 'tenant_id', type: 'text' })
  tenantId!: TenantId;

  @PrimaryColumn({ type: 'text' })
  kid!: string;

  @Column({ name: 'public_jwk', type: 'jsonb' })
  publicJwk!: Readonly<Record<string, unknown>>;

  @Column({ name: 'sealed_private_key', type: 'text' })
  sealedPrivateKey!: string;

  @Column({ name: 'active_from', type: 'timestamptz' })
  activeFrom!: Date;
}
