import { Injectable } from '@nestjs/common';
import { authProblem } from '../domain/auth-problem.js';
import type { LoginProvider } from '../domain/login-provider.js';
import { IdentityProviders } from './ports/identity-providers.port.js';

/** The providers that one can log in with. */
@Injectable()
export class FindLoginProviders {
  constructor(private readonly providers: IdentityProviders) {}

  listed(): readonly LoginProvider[] {
    return this.providers.all.filter((provider) => provider.isListed);
  }

  /** @throws {ProblemError} `auth.login_provider_unknown` */
  get(id: string): LoginProvider {
    const provider = this.providers.all.find((candidate) => candidate.id === id);
    if (provider !== undefined) return provider;
    throw authProblem('not-found', 'login_provider_unknown', `no login provider is called '${id}'`);
  }
}
