import { randomBytes } from 'node:crypto';
import { keyChangedV1, principalChangedV1, tenantChangedV1 } from '@myriad/contracts';
import { PLATFORM_TENANT, newId, systemContext, type PrincipalId } from '@myriad/kernel';
import { UnitOfWork, type Tx } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import { apiKeyOf, generateApiKey } from '../domain/api-key.js';
import type { Key } from '../domain/key.js';
import { PRINCIPAL_ID_PREFIX, type Principal } from '../domain/principal.js';
import { DEFAULT_RATE_LIMIT, type Tenant } from '../domain/tenant.js';
import { keyChanged, principalChanged, tenantChanged } from './event-data.js';
import { IdentityStores } from './identity-stores.js';
import { BootstrapKeyFile } from './ports/bootstrap-key.port.js';
import { RotateSigningKey } from './rotate-signing-key.js';

/** The first start: the tenant `platform`, its administrator with one key, and the key that signs tokens. */
@Injectable()
export class BootstrapPlatform {
  constructor(
    private readonly uow: UnitOfWork,
    private readonly stores: IdentityStores,
    private readonly keyFile: BootstrapKeyFile,
    private readonly rotateSigningKey: RotateSigningKey,
  ) {}

  /** Whether this was the first start. */
  async execute(): Promise<boolean> {
    const ctx = systemContext('auth');
    const platform = await this.uow.run(ctx, (tx) => this.stores.tenants.find(tx, PLATFORM_TENANT));
    const isFirst = platform === undefined && (await this.makePlatform());
    await this.rotateSigningKey.ifThereIsNone(ctx);
    return isFirst;
  }

  /** The key stands in its file before anything is committed, so that it is never lost. */
  private async makePlatform(): Promise<boolean> {
    const { keyText, discard } = await this.keyFile.writeOnce(generateApiKey(randomBytes).text);
    const isFirst = await this.uow.run(systemContext('auth'), async (tx) => {
      const createdAt = this.stores.audit.now();
      // Of several first starts at once, the one that inserts the tenant goes on.
      if (!(await this.addTenant(tx, createdAt))) return false;
      await this.addAdministrator(tx, keyText, createdAt);
      return true;
    });
    if (!isFirst && !(await this.isInUse(keyText))) await discard();
    return isFirst;
  }

  /** Whether the other first start found our file, and goes on with the key in it. */
  private async isInUse(keyText: string): Promise<boolean> {
    const { prefix, hash } = apiKeyOf(keyText);
    const { items } = await this.uow.run(systemContext('auth'), (tx) =>
      this.stores.keys.list(tx, { prefix, pageSize: 1 }),
    );
    return items.some((key) => key.hash === hash);
  }

  private async addTenant(tx: Tx, createdAt: Date): Promise<boolean> {
    const tenant: Tenant = {
      tenantId: PLATFORM_TENANT,
      displayName: 'Platform',
      status: 'active',
      rateLimit: DEFAULT_RATE_LIMIT,
      generation: 1,
      createdAt,
    };
    if (!(await this.stores.tenants.insert(tx, tenant))) return false;
    await tx.emit(tenantChangedV1, tenantChanged(tenant));
    return true;
  }

  private async addAdministrator(tx: Tx, keyText: string, createdAt: Date): Promise<void> {
    const principal: Principal = {
      principalId: newId(PRINCIPAL_ID_PREFIX.user) as PrincipalId,
      kind: 'user',
      name: 'administrator',
      homeTenantId: PLATFORM_TENANT,
      status: 'active',
      bindings: [{ role: 'platform-admin', tenantId: '*', environment: '*' }],
      groupBindings: [],
      generation: 1,
      createdAt,
    };
    const { principalId } = principal;
    const { prefix, hash } = apiKeyOf(keyText);
    const more = { scopes: [], expiresAt: null, revokedAt: null, createdBy: principalId, createdAt };
    const key: Key = { keyId: newId('key'), prefix, hash, principalId, ...more };
    await this.stores.principals.insert(tx, principal);
    await this.stores.keys.insert(tx, key);
    await tx.emit(principalChangedV1, principalChanged(principal));
    await tx.emit(keyChangedV1, keyChanged(key, PLATFORM_TENANT));
    await this.stores.audit.record(tx, {
      actor: 'sys_auth',
      action: 'platform.bootstrapped',
      object: principalId,
      details: { keyId: key.keyId, prefix },
    });
  }
}
