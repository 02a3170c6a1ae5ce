import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { principalChangedV1 } from '@myriad/contracts';
import { GatewayApp } from '../gateway-app.js';

describe('logins', () => {
  let gateway: GatewayApp;
  beforeAll(async () => {
    gateway = await GatewayApp.start({ trustedProxies: ['127.0.0.0/8', '10.0.0.0/8'] });
    await gateway.tenant('aa');
  });
  afterAll(() => gateway.close());

  const refresh = (from: string) =>
    gateway.send('POST', '/v1/login/refresh', {
      headers: { 'content-type': 'application/json', 'x-forwarded-for': from },
      body: '{"refreshToken":"mrt_x"}',
    });

  it('pass without a key, and carry none to the service', async () => {
    expect((await gateway.send('GET', '/v1/login/providers')).status).toBe(200);
    expect((await refresh('192.0.2.1')).status).toBe(200);
    expect(gateway.service.seen.at(-1)).toMatchObject({ url: '/v1/login/refresh', body: '{"refreshToken":"mrt_x"}' });
    expect(gateway.service.seen.at(-1)?.headers).not.toHaveProperty('authorization');
    expect(gateway.service.seen.at(-1)?.headers).not.toHaveProperty('x-forwarded-for');
  });

  it('are limited by address: who floods does not keep others out', async () => {
    const flood = await Promise.all(Array.from({ length: 40 }, () => refresh('192.0.2.2')));
    const refused = flood.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThanOrEqual(15);
    expect(refused[0]?.body.detail).toContain('your address');
    expect(Number(refused[0]?.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect((await refresh('192.0.2.3')).status).toBe(200);
  });

  it('take the address that the trusted proxies saw, not one that the client made up', async () => {
    for (let i = 0; i < 25; i += 1) await refresh(`203.0.113.${i}, 192.0.2.4, 10.1.2.3`);
    expect((await refresh('203.0.113.99, 192.0.2.4, 10.1.2.3')).status).toBe(429);
    expect((await refresh('192.0.2.5, 10.1.2.3')).status).toBe(200);
  });

  it('count all addresses of one IPv6 network as one', async () => {
    for (let i = 0; i < 25; i += 1) await refresh(`2001:db8:1:2::${i}`);
    expect((await refresh('2001:0db8:1:2:ffff::1')).status).toBe(429);
    expect((await refresh('2001:db8:1:3::1')).status).toBe(200);
    for (let i = 0; i < 25; i += 1) await refresh(`2001:db8::${i}`);
    expect((await refresh('2001:db8:0:0:1::')).status).toBe(429);
  });

  it('let whoever logged in for the first time act at once', async () => {
    const principalId = 'usr_firstlogin';
    const token = await gateway.userToken(principalId, ['models:read']);
    const sending = gateway.send('GET', '/v1/models', { key: token });
    await gateway.publish(principalChangedV1, 'aa', {
      principalId,
      kind: 'user',
      name: 'Ann',
      homeTenantId: 'aa',
      status: 'active',
      bindings: [{ role: 'viewer', tenantId: 'aa', environment: '*', permissions: ['models:read'] }],
      generation: 1,
    });
    expect((await sending).status).toBe(200);
  });
});
