import { principalChangedV1 } from '@myriad/contracts';
import { newId, systemContext, type PrincipalId, type ProblemError, type TenantId } from '@myriad/kernel';
import { UnitOfWork, type Tx } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import { authProblem } from '../domain/auth-problem.js';
import { changedBindings, type Binding } from '../domain/binding.js';
import { groupBindingsOf, nameOf, tenantOf, type IdTokenClaims, type LoginProvider } from '../domain/login-provider.js';
import { PRINCIPAL_ID_PREFIX, changePrincipal, heldBindings, type Principal } from '../domain/principal.js';
import { principalChanged } from './event-data.js';
import { IdentityStores } from './identity-stores.js';
import { ExternalIdentityStore } from './ports/login.store.js';

/** The principal of whom a provider speaks: made at the first login, its group roles taken over at each. */
@Injectable()
export class AdmitExternalUser {
  constructor(
    private readonly uow: UnitOfWork,
    private readonly stores: IdentityStores,
    private readonly identities: ExternalIdentityStore,
  ) {}

  /** @throws {ProblemError} `auth.login_{tenant_refused,tenant_suspended,principal_disabled,no_role}` */
  async execute(provider: LoginProvider, claims: IdTokenClaims): Promise<Principal> {
    const tenantId = tenantOf(provider, claims);
    if (tenantId === undefined) throw tenantRefused(provider);
    // What a refused login changes (roles that are gone) is kept: a refusal is returned, not thrown, within the transaction.
    const outcome = await this.uow.run(systemContext('auth', tenantId as TenantId), async (tx) => {
      const tenant = await this.stores.tenants.find(tx, tx.tenantId);
      if (tenant === undefined) return tenantRefused(provider);
      if (tenant.status === 'suspended')
        return refusal('login_tenant_suspended', `the tenant '${tenantId}' is suspended`);
      return this.admit(tx, provider, claims);
    });
    if (outcome instanceof Error) throw outcome;
    return outcome;
  }

  private async admit(tx: Tx, provider: LoginProvider, claims: IdTokenClaims): Promise<Principal | ProblemError> {
    const bindings = groupBindingsOf(provider, tx.tenantId, claims);
    const known = await this.identities.find(tx, provider.issuer, claims.sub);
    if (known !== undefined) return this.readmit(tx, known.principalId, { provider, claims, bindings });
    if (bindings.length === 0 && !provider.isRoleOptional) return noRole(provider);
    const principalId = newId(PRINCIPAL_ID_PREFIX.user) as PrincipalId;
    const { issuer } = provider;
    if (await this.identities.insert(tx, { issuer, subject: claims.sub, principalId }))
      return this.create(tx, principalId, { provider, claims, bindings });
    const first = await this.identities.find(tx, issuer, claims.sub);
    if (first === undefined) throw new Error('an external identity vanished while it was made');
    return this.readmit(tx, first.principalId, { provider, claims, bindings });
  }

  private async create(tx: Tx, principalId: PrincipalId, { provider, claims, bindings }: Arrival): Promise<Principal> {
    const principal: Principal = {
      principalId,
      kind: 'user',
      name: nameOf(claims),
      homeTenantId: tx.tenantId,
      status: 'active',
      bindings: [],
      groupBindings: bindings,
      generation: 1,
      createdAt: this.stores.audit.now(),
    };
    await this.stores.principals.insert(tx, principal);
    await tx.emit(principalChangedV1, principalChanged(principal));
    await this.stores.audit.record(tx, {
      actor: principalId,
      action: 'principal.created',
      object: principalId,
      details: { provider: provider.id, issuer: provider.issuer, subject: claims.sub, groupBindings: bindings },
    });
    return principal;
  }

  private async readmit(
    tx: Tx,
    principalId: PrincipalId,
    { provider, claims, bindings }: Arrival,
  ): Promise<Principal | ProblemError> {
    const before = await this.stores.principals.lock(tx, principalId);
    if (before?.status !== 'active')
      return refusal('login_principal_disabled', `the principal '${principalId}' is disabled`);
    const changed = changedBindings(before.groupBindings, bindings);
    const name = nameOf(claims);
    const isSame = changed.length === 0 && name === before.name;
    const principal = isSame ? before : changePrincipal(before, { name, groupBindings: bindings });
    if (!isSame) {
      await this.stores.principals.update(tx, principal);
      await tx.emit(principalChangedV1, principalChanged(principal));
      await this.stores.audit.record(tx, {
        actor: principalId,
        action: changed.length === 0 ? 'principal.changed' : 'principal.groups-changed',
        object: principalId,
        details: { provider: provider.id, name, groupBindings: bindings },
      });
    }
    return heldBindings(principal).length === 0 && !provider.isRoleOptional ? noRole(provider) : principal;
  }
}

interface Arrival {
  readonly provider: LoginProvider;
  readonly claims: IdTokenClaims;
  readonly bindings: readonly Binding[];
}

function refusal(code: string, detail: string): ProblemError {
  return authProblem('forbidden', code, detail);
}

function tenantRefused({ id }: LoginProvider): ProblemError {
  return refusal('login_tenant_refused', `the provider '${id}' names no tenant that it may speak for`);
}

function noRole({ id }: LoginProvider): ProblemError {
  return refusal('login_no_role', `no group that '${id}' names gives a role here; ask an administrator`);
}
