import { Injectable } from '@nestjs/common';
import { effectivePermissions, isBoundTo } from '../domain/effective-permissions.js';
import { gatewayProblem } from '../domain/gateway-problem.js';
import { Arrivals } from './arrivals.js';
import { IdentityTables } from './identity-tables.js';
import type { Credential, Session } from './session.js';

export const ENVIRONMENTS = ['research', 'applied-science', 'engineering', 'production'] as const;
const DEFAULT_ENVIRONMENT = 'production';
/** Sessions a credential keeps; a platform key may act in every tenant. */
const MAX_SESSIONS = 1024;

/** Where the caller says it acts; the values of its headers. */
export interface Wanted {
  readonly tenantId: string | undefined;
  readonly environment: string | undefined;
}

/** Resolves the acting tenant and environment, and what the credential may do there. */
@Injectable()
export class OpenSession {
  constructor(
    private readonly tables: IdentityTables,
    private readonly arrivals: Arrivals,
  ) {}

  /** @throws {ProblemError} `gateway.{tenant_forbidden,tenant_unknown,tenant_suspended,environment_unknown}` */
  execute(credential: Credential, wanted: Wanted): Session | Promise<Session> {
    const { tenantId } = wanted;
    const { tenants } = this.tables;
    // Only for who has business there: whether a tenant exists is not told by the time an answer takes.
    if (tenantId === undefined || tenants.has(tenantId) || !isBoundTo(credential.principal.bindings, tenantId))
      return this.open(credential, wanted);
    const arrival = this.arrivals.await(`tenant ${tenantId}`, () => tenants.has(tenantId));
    return arrival === undefined ? this.open(credential, wanted) : arrival.then(() => this.open(credential, wanted));
  }

  private open(credential: Credential, wanted: Wanted): Session {
    const { principal, sessions } = credential;
    const tenantId = wanted.tenantId ?? principal.homeTenantId;
    const environment = wanted.environment ?? DEFAULT_ENVIRONMENT;
    this.assertActive(principal.homeTenantId);
    const key = `${environment} ${tenantId}`;
    const known = sessions.get(key);
    if (known !== undefined) {
      if (tenantId !== principal.homeTenantId) this.assertActive(tenantId);
      return known;
    }
    if (!(ENVIRONMENTS as readonly string[]).includes(environment))
      throw gatewayProblem('invalid', 'environment_unknown', `X-Myriad-Environment must be ${ENVIRONMENTS.join(', ')}`);
    if (tenantId !== principal.homeTenantId) {
      // Said before whether the tenant exists: who has no business there learns nothing of it.
      if (!isBoundTo(principal.bindings, tenantId))
        throw gatewayProblem('forbidden', 'tenant_forbidden', `'${principal.principalId}' has no role in that tenant`);
      this.assertActive(tenantId);
    }
    const where = { tenantId, environment };
    const permissions = effectivePermissions(principal.bindings, where, credential.scopes);
    const session: Session = { principal, ...where, permissions, keyId: credential.keyId, tokens: new Map() };
    if (sessions.size >= MAX_SESSIONS) sessions.clear();
    sessions.set(key, session);
    return session;
  }

  private assertActive(tenantId: string): void {
    const tenant = this.tables.tenants.get(tenantId);
    if (tenant === undefined)
      throw gatewayProblem('not-found', 'tenant_unknown', 'there is no tenant of the id in X-Myriad-Tenant');
    if (!tenant.isActive)
      throw gatewayProblem('forbidden', 'tenant_suspended', `the tenant '${tenantId}' is suspended`);
  }
}
