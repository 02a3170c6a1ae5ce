import { randomBytes } from 'node:crypto';
import { digestOf, systemContext, type Clock } from '@myriad/kernel';
import { UnitOfWork } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { authProblem } from '../domain/auth-problem.js';
import { FindLoginProviders } from './find-login-providers.js';
import { IdentityProviders } from './ports/identity-providers.port.js';
import { LoginAttemptStore } from './ports/login.store.js';
import { CLOCK } from './tokens.js';

/** A person has so long to log in at the provider. */
const ATTEMPT_MS = 600_000;

export interface LoginWish {
  readonly provider: string;
  readonly redirectUri: string;
  readonly codeChallenge: string;
}

/** Begins a login. It can be ended with the state, once, and only by whoever knows the verifier of the challenge. */
@Injectable()
export class StartLogin {
  constructor(
    private readonly uow: UnitOfWork,
    private readonly attempts: LoginAttemptStore,
    private readonly find: FindLoginProviders,
    private readonly providers: IdentityProviders,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws {ProblemError} `auth.{login_provider_unknown,login_provider_unavailable,redirect_not_allowed}` */
  async execute({ provider: id, redirectUri, codeChallenge }: LoginWish): Promise<{
    readonly authorizationUrl: string;
    readonly state: string;
    readonly expiresAt: Date;
  }> {
    const provider = this.find.get(id);
    if (!provider.redirectUris.includes(redirectUri))
      throw authProblem('invalid', 'redirect_not_allowed', `'redirectUri' is none of those configured for '${id}'`, {
        errors: [{ pointer: '/redirectUri', detail: 'must be, letter by letter, one of the configured ones' }],
      });
    const state = randomBytes(32).toString('base64url');
    const nonce = randomBytes(32).toString('base64url');
    const wanted = { redirectUri, state, nonce, codeChallenge };
    const authorizationUrl = await this.providers.authorizationUrl(provider, wanted);
    const expiresAt = new Date(this.clock.nowMs() + ATTEMPT_MS);
    const attempt = { provider: id, redirectUri, codeChallenge, nonce, expiresAt };
    await this.uow.run(systemContext('auth'), (tx) => this.attempts.insert(tx, digestOf(state), attempt));
    return { authorizationUrl, state, expiresAt };
  }
}
