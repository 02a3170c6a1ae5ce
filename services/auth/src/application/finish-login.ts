import { createHash } from 'node:crypto';
import { digestOf, systemContext, type Clock } from '@myriad/kernel';
import { UnitOfWork } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { authProblem } from '../domain/auth-problem.js';
import type { LoginAttempt } from '../domain/login.js';
import { CompleteLogin } from './complete-login.js';
import { FindLoginProviders } from './find-login-providers.js';
import type { Login } from './open-login.js';
import { IdentityProviders } from './ports/identity-providers.port.js';
import { LoginAttemptStore } from './ports/login.store.js';
import { CLOCK } from './tokens.js';

export interface LoginAnswer {
  readonly state: string;
  readonly code: string;
  readonly codeVerifier: string;
  readonly iss?: string | undefined;
}

/** Ends a login by authorization code. */
@Injectable()
export class FinishLogin {
  constructor(
    private readonly uow: UnitOfWork,
    private readonly attempts: LoginAttemptStore,
    private readonly find: FindLoginProviders,
    private readonly providers: IdentityProviders,
    private readonly complete: CompleteLogin,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws {ProblemError} those of the route `finishLogin` */
  async execute({ state, code, codeVerifier, iss }: LoginAnswer): Promise<Login> {
    const { provider: id, nonce, redirectUri } = await this.take(state, codeVerifier);
    const provider = this.find.get(id);
    return this.complete.execute(provider, async () => {
      const idToken = await this.providers.redeem(provider, { code, codeVerifier, redirectUri, iss });
      return this.providers.verify(provider, idToken, { clientIds: [provider.clientId], nonce });
    });
  }

  /** The attempt is gone from here on, whatever comes of it. */
  private async take(state: string, codeVerifier: string): Promise<LoginAttempt> {
    const attempt = await this.uow.run(systemContext('auth'), (tx) => this.attempts.take(tx, digestOf(state)));
    const challenge = createHash('sha256').update(codeVerifier).digest('base64url');
    if (attempt?.codeChallenge === challenge && attempt.expiresAt.getTime() > this.clock.nowMs()) return attempt;
    const detail =
      'the state is not of a login that was begun here with this verifier, is spent, or too old; begin again';
    throw authProblem('unauthenticated', 'login_state_invalid', detail);
  }
}
