import { randomBytes } from 'node:crypto';
import { digestOf, newId, systemContext } from '@myriad/kernel';
import { UnitOfWork } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { generateToken } from '../domain/api-key.js';
import type { LoginProvider } from '../domain/login-provider.js';
import type { Principal } from '../domain/principal.js';
import { AuditTrail } from './audit-trail.js';
import { IssueToken, type IssuedToken } from './issue-token.js';
import { LoginSessionStore } from './ports/login.store.js';
import { SETTINGS, type AuthSettings } from './tokens.js';

/** What a login gives. */
export interface Login extends IssuedToken {
  readonly principal: Principal;
  readonly refreshToken: string | undefined;
  readonly sessionExpiresAt: Date;
}

/** A refresh token: known to the client alone, kept as a digest. */
export function newRefreshToken(): string {
  return generateToken('mrt', randomBytes);
}

/** Begins a session of whom a provider proved. */
@Injectable()
export class OpenLogin {
  constructor(
    private readonly uow: UnitOfWork,
    private readonly sessions: LoginSessionStore,
    private readonly issueToken: IssueToken,
    private readonly audit: AuditTrail,
    @Inject(SETTINGS) private readonly settings: AuthSettings,
  ) {}

  async execute(principal: Principal, provider: LoginProvider): Promise<Login> {
    const { principalId, homeTenantId } = principal;
    const refreshToken = newRefreshToken();
    const now = this.audit.now();
    const sessionExpiresAt = new Date(now.getTime() + this.settings.loginSeconds * 1000);
    const sessionId = newId('ses');
    await this.uow.run(systemContext('auth', homeTenantId), async (tx) => {
      await this.sessions.insert(tx, {
        sessionId,
        principalId,
        provider: provider.id,
        tokenHash: digestOf(refreshToken),
        previousHash: null,
        rotatedAt: now,
        createdAt: now,
        expiresAt: sessionExpiresAt,
      });
      await this.audit.record(tx, {
        actor: principalId,
        action: 'login.succeeded',
        object: sessionId,
        details: { provider: provider.id, issuer: provider.issuer },
      });
    });
    return { principal, refreshToken, sessionExpiresAt, ...(await this.issueToken.forPrincipal(principal)) };
  }
}
