import { digestOf, systemContext, type ProblemError, type TenantId } from '@myriad/kernel';
import { UnitOfWork, type Tx } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import { authProblem } from '../domain/auth-problem.js';
import { refreshOf, type LoginSession } from '../domain/login.js';
import { IdentityStores } from './identity-stores.js';
import { IssueToken } from './issue-token.js';
import { newRefreshToken, type Login } from './open-login.js';
import { IdentityProviders } from './ports/identity-providers.port.js';
import { LoginSessionStore } from './ports/login.store.js';

type Renewed = Pick<Login, 'principal' | 'refreshToken' | 'sessionExpiresAt'>;

/** Gives a new token of a login that holds; a refresh token that comes a second time, later, ends the login: one of the two stole it. */
@Injectable()
export class RefreshLogin {
  constructor(
    private readonly uow: UnitOfWork,
    private readonly sessions: LoginSessionStore,
    private readonly stores: IdentityStores,
    private readonly providers: IdentityProviders,
    private readonly issueToken: IssueToken,
  ) {}

  /** @throws {ProblemError} `auth.{refresh_token_invalid,login_principal_disabled,login_tenant_suspended}` */
  async execute(refreshToken: string): Promise<Login> {
    const hash = digestOf(refreshToken);
    const tenantId = await this.tenantOf(hash);
    if (tenantId === undefined) throw invalid();
    const renewed = await this.uow.run(systemContext('auth', tenantId), (tx) => this.renew(tx, hash));
    if (renewed instanceof Error) throw renewed;
    return { ...renewed, ...(await this.issueToken.forPrincipal(renewed.principal)) };
  }

  /** Ends the login; one that is over already stays so. */
  async end(refreshToken: string): Promise<void> {
    const hash = digestOf(refreshToken);
    const tenantId = await this.tenantOf(hash);
    if (tenantId === undefined) return;
    await this.uow.run(systemContext('auth', tenantId), async (tx) => {
      const session = await this.sessions.lock(tx, hash);
      if (session !== undefined) await this.close(tx, session, 'login.ended');
    });
  }

  private tenantOf(hash: string): Promise<TenantId | undefined> {
    return this.uow.runAcrossTenants('a refresh token names no tenant', (tx) => this.sessions.tenantOf(tx, hash));
  }

  /** A refusal is returned, so that what it changes is kept. */
  private async renew(tx: Tx, hash: string): Promise<Renewed | ProblemError> {
    const session = await this.sessions.lock(tx, hash);
    if (session === undefined) return invalid();
    const now = this.stores.audit.now();
    const worth = refreshOf(session, hash, now.getTime());
    if (worth === 'stolen') await this.close(tx, session, 'login.token-reused');
    if (worth === 'stolen' || worth === 'expired') return invalid();
    if (!this.providers.all.some(({ id }) => id === session.provider)) return invalid();
    const tenant = await this.stores.tenants.find(tx, tx.tenantId);
    if (tenant?.status !== 'active')
      return authProblem('forbidden', 'login_tenant_suspended', `the tenant '${tx.tenantId}' is suspended`);
    const principal = await this.stores.principals.find(tx, session.principalId);
    if (principal?.status !== 'active')
      return authProblem('forbidden', 'login_principal_disabled', `the principal '${session.principalId}' is disabled`);
    const sessionExpiresAt = session.expiresAt;
    if (worth === 'repeat') return { principal, refreshToken: undefined, sessionExpiresAt };
    const refreshToken = newRefreshToken();
    const tokenHash = digestOf(refreshToken);
    await this.sessions.rotate(tx, { ...session, tokenHash, previousHash: session.tokenHash, rotatedAt: now });
    return { principal, refreshToken, sessionExpiresAt };
  }

  private async close(tx: Tx, { sessionId, principalId }: LoginSession, action: string): Promise<void> {
    await this.sessions.remove(tx, sessionId);
    await this.stores.audit.record(tx, { actor: principalId, action, object: sessionId, details: {} });
  }
}

function invalid(): ProblemError {
  return authProblem('unauthenticated', 'refresh_token_invalid', 'the refresh token is spent or expired; log in again');
}
