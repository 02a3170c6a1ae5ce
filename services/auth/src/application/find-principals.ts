import type { Page, PageRequest, PrincipalId, ProblemError, RequestContext } from '@myriad/kernel';
import { UnitOfWork } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import { authProblem } from '../domain/auth-problem.js';
import type { Principal } from '../domain/principal.js';
import { PrincipalStore } from './ports/principal.store.js';

/** Principals whose home is the acting tenant. */
@Injectable()
export class FindPrincipals {
  constructor(
    private readonly uow: UnitOfWork,
    private readonly principals: PrincipalStore,
  ) {}

  list(ctx: RequestContext, query: PageRequest & { readonly name?: string | undefined }): Promise<Page<Principal>> {
    return this.uow.run(ctx, (tx) => this.principals.list(tx, query));
  }

  /** @throws {ProblemError} `auth.principal_not_found`. */
  async get(ctx: RequestContext, principalId: PrincipalId): Promise<Principal> {
    const principal = await this.uow.run(ctx, (tx) => this.principals.find(tx, principalId));
    if (principal === undefined) throw principalNotFound(principalId);
    return principal;
  }

  /** The caller itself, wherever it acts. */
  me(ctx: RequestContext): Promise<Principal> {
    return this.get({ ...ctx, tenantId: ctx.principal.homeTenantId }, ctx.principal.id);
  }
}

export function principalNotFound(principalId: string): ProblemError {
  return authProblem(
    'not-found',
    'principal_not_found',
    `no principal '${principalId}' is at home in the acting tenant`,
  );
}
