import { bearerToken } from '@myriad/http';
import { PLATFORM_TENANT } from '@myriad/kernel';
import { Injectable } from '@nestjs/common';
import { AddressLimiter } from '../application/address-limiter.js';
import { Authenticate } from '../application/authenticate.js';
import { OpenSession } from '../application/open-session.js';
import { RateLimiter } from '../application/rate-limiter.js';
import type { Credential, Session } from '../application/session.js';
import { gatewayProblem } from '../domain/gateway-problem.js';
import { ConcurrencyLimiter } from '../application/concurrency-limiter.js';
import type { Admission } from '../domain/token-bucket.js';
import type { Arrival } from './arrival.js';
import { namedTenant } from './named-tenant.js';
import type { RouteTarget } from './route-targets.js';

/** Lets a request pass or refuses it: who, in which tenant and environment, by what right, and how often. */
@Injectable()
export class Admit {
  constructor(
    private readonly authenticate: Authenticate,
    private readonly openSession: OpenSession,
    private readonly rateLimiter: RateLimiter,
    private readonly concurrency: ConcurrencyLimiter,
    private readonly addressLimiter: AddressLimiter,
  ) {}

  /** What was let in {@link leave}s when it has ended. A promise only where something is waited for. @throws what refuses it; the promise rejects so */
  execute(exchange: Arrival, target: RouteTarget, addressOf: () => string): void | Promise<void> {
    if (target.route.permission === 'public') {
      if (target.route.method !== 'GET') this.limitAddress(exchange, addressOf());
      this.limit(exchange, undefined);
      return undefined;
    }
    const found = this.authenticate.execute(secretOf(exchange));
    return found instanceof Promise
      ? found.then((credential) => this.open(exchange, target, credential))
      : this.open(exchange, target, found);
  }

  private open(exchange: Arrival, target: RouteTarget, credential: Credential): void | Promise<void> {
    exchange.principal = credential.principal;
    const opened = this.openSession.execute(credential, {
      tenantId: namedTenant(exchange, target),
      environment: exchange.header('x-myriad-environment'),
    });
    if (opened instanceof Promise)
      return opened.then((session) => {
        this.letIn(exchange, target, session);
      });
    this.letIn(exchange, target, opened);
    return undefined;
  }

  private letIn(exchange: Arrival, target: RouteTarget, session: Session): void {
    exchange.session = session;
    this.limit(exchange, session.tenantId);
    this.assertAllowed(session, target);
    // a stream of events is open for as long as somebody looks
    if (!target.isEventStream) this.enter(exchange, session.tenantId);
  }

  /** The request has ended, whether it was let in or not. */
  leave(exchange: Arrival): void {
    if (exchange.isCounted && exchange.session !== undefined) this.concurrency.leave(exchange.session.tenantId);
    exchange.isCounted = false;
  }

  private enter(exchange: Arrival, tenantId: string): void {
    const { isAdmitted, limit } = this.concurrency.enter(tenantId);
    exchange.isCounted = isAdmitted;
    if (isAdmitted) return;
    const detail = `as many requests of the tenant '${tenantId}' are being answered as may be at a time, ${limit}; wait for one to end`;
    throw gatewayProblem('rate-limited', 'concurrency_limited', detail, { retryAfterSeconds: 1 });
  }

  /** Guesses at logins cost the guesser its own limit before everybody's. */
  private limitAddress(exchange: Arrival, address: string): void {
    const admission = this.addressLimiter.take(address);
    if (!admission.isAdmitted) refuse(exchange, admission, 'your address');
  }

  private limit(exchange: Arrival, tenantId: string | undefined): void {
    const admission = this.rateLimiter.take(tenantId);
    tell(exchange, admission);
    if (admission.isAdmitted) return;
    refuse(exchange, admission, tenantId === undefined ? 'requests without a key' : `the tenant '${tenantId}'`);
  }

  private assertAllowed(session: Session, { route }: RouteTarget): void {
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
function secretOf(exchange: Arrival): string {
  const authorization = exchange.header('authorization');
  const apiKey = exchange.header('x-api-key');
  if (authorization !== undefined && apiKey !== undefined)
    throw gatewayProblem('unauthenticated', 'two_credentials', 'send either Authorization or X-Api-Key, not both');
  const secret = apiKey ?? bearerToken(authorization);
  if (secret !== undefined) return secret;
  const detail = "a key or token is missing: send 'Authorization: Bearer myr_…' (or a token), or 'X-Api-Key: myr_…'";
  throw gatewayProblem('unauthenticated', 'credential_missing', detail);
}

function tell({ headers }: Arrival, { limit, remaining, resetSeconds }: Admission): void {
  headers['ratelimit-limit'] = String(limit);
  headers['ratelimit-remaining'] = String(remaining);
  headers['ratelimit-reset'] = String(resetSeconds);
}

function refuse(exchange: Arrival, admission: Admission, whose: string): never {
  tell(exchange, admission);
  const { limit, resetSeconds } = admission;
  const detail = `the rate limit of ${whose} is reached; up to ${limit} requests may come at once`;
  throw gatewayProblem('rate-limited', 'rate_limited', detail, { retryAfterSeconds: resetSeconds });
}
