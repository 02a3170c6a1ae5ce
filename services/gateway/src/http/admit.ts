import { PLATFORM_TENANT } from '@myriad/kernel';
import { Injectable } from '@nestjs/common';
import { Authenticate } from '../application/authenticate.js';
import { OpenSession } from '../application/open-session.js';
import { RateLimiter } from '../application/rate-limiter.js';
import { gatewayProblem } from '../domain/gateway-problem.js';
import type { Exchange } from './exchange.js';
import type { RouteTarget } from './route-targets.js';

const BEARER = /^Bearer +(\S+)$/i;

/** Lets a request pass or refuses it: who, in which tenant and environment, by what right, and how often. */
@Injectable()
export class Admit {
  constructor(
    private readonly authenticate: Authenticate,
    private readonly openSession: OpenSession,
    private readonly rateLimiter: RateLimiter,
  ) {}

  async execute(exchange: Exchange, target: RouteTarget): Promise<void> {
    if (target.route.permission === 'public') {
      this.limit(exchange, undefined);
      return;
    }
    const found = this.authenticate.execute(secretOf(exchange));
    const credential = found instanceof Promise ? await found : found;
    exchange.principal = credential.principal;
    const opened = this.openSession.execute(credential, {
      tenantId: exchange.header('x-myriad-tenant'),
      environment: exchange.header('x-myriad-environment'),
    });
    const session = opened instanceof Promise ? await opened : opened;
    exchange.session = session;
    this.limit(exchange, session.tenantId);
    this.assertAllowed(session, target);
  }

  private limit({ headers }: Exchange, tenantId: string | undefined): void {
    const { isAdmitted, limit, remaining, resetSeconds } = this.rateLimiter.take(tenantId);
    headers['ratelimit-limit'] = String(limit);
    headers['ratelimit-remaining'] = String(remaining);
    headers['ratelimit-reset'] = String(resetSeconds);
    if (isAdmitted) return;
    const whose = tenantId === undefined ? 'requests without a key' : `the tenant '${tenantId}'`;
    const detail = `the rate limit of ${whose} is reached; up to ${limit} requests may come at once`;
    throw gatewayProblem('rate-limited', 'rate_limited', detail, { retryAfterSeconds: resetSeconds });
  }

  private assertAllowed(session: NonNullable<Exchange['session']>, { route }: RouteTarget): void {
    const { tenantId, environment, permissions, principal } = session;
    if (route.scope === 'platform' && tenantId !== PLATFORM_TENANT)
      throw gatewayProblem(
        'forbidden',
        'platform_scope_required',
        `${route.operationId} belongs to the tenant '${PLATFORM_TENANT}'; the acting tenant is '${tenantId}'`,
      );
    if (route.permission !== 'none' && !permissions.has(route.permission))
      throw gatewayProblem(
        'forbidden',
        'permission_missing',
        `${route.operationId} needs the permission '${route.permission}' in tenant '${tenantId}' and environment ` +
          `'${environment}', which '${principal.principalId}' does not have there with this key or token`,
      );
  }
}

/** The key or token. @throws {ProblemError} `gateway.credential_missing`, `gateway.two_credentials` */
function secretOf(exchange: Exchange): string {
  const authorization = exchange.header('authorization');
  const apiKey = exchange.header('x-api-key');
  if (authorization !== undefined && apiKey !== undefined)
    throw gatewayProblem('unauthenticated', 'two_credentials', 'send either Authorization or X-Api-Key, not both');
  const secret = apiKey ?? BEARER.exec(authorization ?? '')?.[1];
  if (secret !== undefined) return secret;
  const detail = "a key or token is missing: send 'Authorization: Bearer myr_…' (or a token), or 'X-Api-Key: myr_…'";
  throw gatewayProblem('unauthenticated', 'credential_missing', detail);
}
