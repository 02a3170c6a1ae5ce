import type { EventData, keyChangedV1, principalChangedV1, tenantChangedV1 } from '@myriad/contracts';
import { Injectable } from '@nestjs/common';
import type { Binding } from '../domain/effective-permissions.js';
import type { RateLimit } from '../domain/token-bucket.js';

export interface TenantEntry {
  readonly tenantId: string;
  readonly isActive: boolean;
  readonly rateLimit: RateLimit & {
    /** Requests that may be answered at a time. */
    readonly maxInFlight?: number | undefined;
  };
}

/** Replaced as a whole when it changes, so that equal identity means nothing changed. */
export interface PrincipalEntry {
  readonly principalId: string;
  readonly kind: 'user' | 'service-account';
  readonly homeTenantId: string;
  readonly isActive: boolean;
  readonly bindings: readonly Binding[];
}

export interface KeyEntry {
  readonly keyId: string;
  /** SHA-256 of the key's text. */
  readonly hash: Buffer;
  readonly principalId: string;
  /** undefined: all that its principal may do. */
  readonly scopes: ReadonlySet<string> | undefined;
  readonly expiresAtMs: number;
  readonly isRevoked: boolean;
}

/** Who may act, from auth's events; all in memory. */
@Injectable()
export class IdentityTables {
  readonly tenants = new Map<string, TenantEntry>();
  readonly principals = new Map<string, PrincipalEntry>();
  /** By prefix. */
  readonly keys = new Map<string, KeyEntry>();
  readonly keysById = new Map<string, KeyEntry>();
  private readonly generations = new Map<string, number>();

  setTenant({ tenantId, status, rateLimit, generation }: EventData<typeof tenantChangedV1>): void {
    if (!this.isNewer(`t ${tenantId}`, generation)) return;
    this.tenants.set(tenantId, { tenantId, isActive: status === 'active', rateLimit });
  }

  setPrincipal(data: EventData<typeof principalChangedV1>): void {
    const { principalId, kind, homeTenantId, status, bindings, generation } = data;
    if (!this.isNewer(`p ${principalId}`, generation)) return;
    this.principals.set(principalId, { principalId, kind, homeTenantId, isActive: status === 'active', bindings });
  }

  /** A revoked key stays in the table, so that it can be named; it never comes back. */
  setKey({ keyId, prefix, hash, principalId, scopes, expiresAt, revokedAt }: EventData<typeof keyChangedV1>): void {
    const known = this.keys.get(prefix);
    if (known?.keyId === keyId && known.isRevoked) return;
    const key: KeyEntry = {
      keyId,
      hash: Buffer.from(hash, 'hex'),
      principalId,
      scopes: scopes.length === 0 ? undefined : new Set(scopes),
      expiresAtMs: expiresAt === null ? Number.POSITIVE_INFINITY : Date.parse(expiresAt),
      isRevoked: revokedAt !== null,
    };
    this.keys.set(prefix, key);
    this.keysById.set(keyId, key);
  }

  /** An event that is delivered again, or late, changes nothing. */
  private isNewer(name: string, generation: number): boolean {
    if ((this.generations.get(name) ?? -1) > generation) return false;
    this.generations.set(name, generation);
    return true;
  }
}
