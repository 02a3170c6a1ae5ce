import { digestOf, systemContext, type Clock } from '@myriad/kernel';
import { UnitOfWork } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { authProblem } from '../domain/auth-problem.js';
import type { IdTokenClaims, LoginProvider } from '../domain/login-provider.js';
import { CompleteLogin } from './complete-login.js';
import { FindLoginProviders } from './find-login-providers.js';
import type { Login } from './open-login.js';
import { IdentityProviders } from './ports/identity-providers.port.js';
import { LoginAttemptStore } from './ports/login.store.js';
import { CLOCK } from './tokens.js';

/** An ID token is good for no longer than this after it was issued; so long a spent one is remembered, with the skew of clocks on top. */
const REMEMBER_MS = 1_800_000;

/** Logs in with an ID token that a command line got by the device flow. Each token is good once. */
@Injectable()
export class ExchangeIdToken {
  constructor(
    private readonly uow: UnitOfWork,
    private readonly attempts: LoginAttemptStore,
    private readonly find: FindLoginProviders,
    private readonly providers: IdentityProviders,
    private readonly complete: CompleteLogin,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws {ProblemError} those of the route `exchangeIdToken` */
  async execute(id: string, idToken: string): Promise<Login> {
    const provider = this.find.get(id);
    return this.complete.execute(provider, async () => {
      const claims = await this.verified(provider, idToken);
      await this.spend(idToken);
      return claims;
    });
  }

  /** Only tokens of the device client: one that was issued for another use is not to be carried here. */
  private verified(provider: LoginProvider, idToken: string): Promise<IdTokenClaims> {
    const { deviceClientId } = provider;
    return this.providers.verify(provider, idToken, {
      clientIds: deviceClientId === undefined ? [] : [deviceClientId],
    });
  }

  /** By what is signed: the last bits of a signature can be written in several ways. */
  private async spend(idToken: string): Promise<void> {
    const hash = digestOf(idToken.slice(0, idToken.lastIndexOf('.')));
    const until = new Date(this.clock.nowMs() + REMEMBER_MS);
    const isFirst = await this.uow.run(systemContext('auth'), (tx) => this.attempts.spend(tx, hash, until));
    if (!isFirst)
      throw authProblem('unauthenticated', 'id_token_spent', 'this ID token was used before; get a new one');
  }
}
