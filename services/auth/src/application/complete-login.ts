import { PLATFORM_TENANT, ProblemError, systemContext, type TenantId } from '@myriad/kernel';
import { UnitOfWork } from '@myriad/persistence';
import { counter } from '@myriad/telemetry';
import { Injectable } from '@nestjs/common';
import { tenantOf, type IdTokenClaims, type LoginProvider } from '../domain/login-provider.js';
import { AdmitExternalUser } from './admit-external-user.js';
import { AuditTrail } from './audit-trail.js';
import { OpenLogin, type Login } from './open-login.js';

const logins = counter('myriad_auth_logins_total', 'Logins by outcome: succeeded, or the code of the refusal');

/** Refusals written into chains in a minute by this process; more are counted only, so that nobody fills a chain from outside. */
const AUDITED_A_MINUTE = 120;
const MINUTE_MS = 60_000;

/** From verified claims to a login; counts and audits how it went. */
@Injectable()
export class CompleteLogin {
  private minute = 0;
  private audited = 0;

  constructor(
    private readonly uow: UnitOfWork,
    private readonly admit: AdmitExternalUser,
    private readonly open: OpenLogin,
    private readonly audit: AuditTrail,
  ) {}

  /** @throws {ProblemError} what `prove` throws, and `auth.login_{tenant_refused,tenant_suspended,principal_disabled,no_role}` */
  async execute(provider: LoginProvider, prove: () => Promise<IdTokenClaims>): Promise<Login> {
    let claims: IdTokenClaims | undefined;
    try {
      claims = await prove();
      const login = await this.open.execute(await this.admit.execute(provider, claims), provider);
      logins.add(1, { outcome: 'succeeded' });
      return login;
    } catch (error) {
      if (error instanceof ProblemError) await this.refused(provider, error.code, claims);
      throw error;
    }
  }

  private async refused(provider: LoginProvider, reason: string, claims: IdTokenClaims | undefined): Promise<void> {
    logins.add(1, { outcome: reason });
    if (!this.mayAudit()) return;
    // A claim names a tenant; whether there is such a tenant decides in whose chain the refusal stands.
    const named = claims === undefined ? undefined : tenantOf(provider, claims);
    const fixed = 'tenantId' in provider.tenant ? provider.tenant.tenantId : undefined;
    const isUnknown = reason === 'auth.login_tenant_refused';
    const tenantId = (isUnknown ? undefined : (fixed ?? named)) ?? PLATFORM_TENANT;
    await this.uow.run(systemContext('auth', tenantId as TenantId), (tx) =>
      this.audit.record(tx, {
        actor: 'anonymous',
        action: 'login.refused',
        object: provider.id,
        details: { reason, issuer: provider.issuer, subject: claims?.sub ?? null },
      }),
    );
  }

  private mayAudit(): boolean {
    const minute = Math.floor(this.audit.now().getTime() / MINUTE_MS);
    if (minute !== this.minute) [this.minute, this.audited] = [minute, 0];
    this.audited += 1;
    return this.audited <= AUDITED_A_MINUTE;
  }
}
