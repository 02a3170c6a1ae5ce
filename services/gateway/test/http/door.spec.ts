import { describe, expect, it } from '@jest/globals';
import { httpContracts } from '@myriad/contracts';
import { FakeClock } from '@myriad/kernel';
import { createLogger } from '@myriad/telemetry';
import { AddressLimiter } from '../../src/application/address-limiter.js';
import { Arrivals } from '../../src/application/arrivals.js';
import { Authenticate } from '../../src/application/authenticate.js';
import { ConcurrencyLimiter } from '../../src/application/concurrency-limiter.js';
import { IdentityTables } from '../../src/application/identity-tables.js';
import { OpenSession } from '../../src/application/open-session.js';
import { RateLimiter } from '../../src/application/rate-limiter.js';
import { Es256TokenVerifier } from '../../src/adapters/jose/es256-token-verifier.js';
import { Admit } from '../../src/entrance/admit.js';
import { ClientAddress } from '../../src/http/client-address.js';
import { Door, type DoorOptions } from '../../src/http/door.js';
import { OwnRoutes } from '../../src/http/own-routes.js';
import { routeTargets } from '../../src/entrance/route-targets.js';

/** A door whose forwarding is never reached, or fails. */
function closedDoor(isReady: () => boolean): Door {
  const [clock, tables] = [new FakeClock(), new IdentityTables()];
  const arrivals = new Arrivals(clock);
  const admit = new Admit(
    new Authenticate(tables, new Es256TokenVerifier(clock), arrivals, clock),
    new OpenSession(tables, arrivals),
    new RateLimiter(tables, clock),
    new ConcurrencyLimiter(tables, 1_000),
    new AddressLimiter(clock),
  );
  const metricsText = () => Promise.resolve('');
  return new Door({
    routes: routeTargets(),
    ownRoutes: new OwnRoutes({ contracts: httpContracts, openapiFolder: '/', isReady, metricsText }),
    admit,
    clientAddress: new ClientAddress([]),
    forward: { execute: () => Promise.reject(new Error('SECRET internals')) } as unknown as DoorOptions['forward'],
    record: { execute: () => undefined } as unknown as DoorOptions['record'],
    logger: createLogger({ service: 'gateway', level: 'silent' }),
    answerOwn: () => undefined,
    isReady,
  });
}

describe('Door', () => {
  it('asks to wait until the keys are known, but lives', async () => {
    let isReady = false;
    const door = closedDoor(() => isReady);
    const url = await door.listen(0, '127.0.0.1');
    const refused = await fetch(`${url}/v1/models`);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await refused.json()).toMatchObject({ code: 'gateway.starting' });
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    isReady = true;
    expect((await fetch(`${url}/v1/models`)).status).toBe(401);
    await door.close({ drainMs: 100 });
  });

  it('tells nothing of its own faults but the request id', async () => {
    const door = closedDoor(() => true);
    const url = await door.listen(0, '127.0.0.1');
    const answer = await fetch(`${url}/.well-known/jwks.json`, { headers: { 'x-request-id': 'r-7' } });
    expect(answer.status).toBe(500);
    const text = await answer.text();
    expect(text).not.toContain('SECRET');
    expect(JSON.parse(text)).toMatchObject({ requestId: 'r-7' });
    await door.close({ drainMs: 100 });
  });

  it('ends without failing a request: answers on, and closes connections with their answers', async () => {
    const door = closedDoor(() => true);
    const url = await door.listen(0, '127.0.0.1');
    const { headers } = await fetch(`${url}/healthz`);
    expect([headers.get('connection'), headers.get('keep-alive')]).toEqual(['keep-alive', 'timeout=5']);
    const closing = door.close({ quietMs: 200, drainMs: 100 });
    const answer = await fetch(`${url}/healthz`);
    expect([answer.status, answer.headers.get('connection')]).toEqual([200, 'close']);
    await closing;
    await expect(fetch(`${url}/healthz`)).rejects.toThrow('fetch failed');
  });
});
