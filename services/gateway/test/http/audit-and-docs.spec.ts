import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { httpContracts } from '@myriad/contracts';
import { eventually } from '@myriad/testing';
import { GatewayApp } from '../gateway-app.js';

describe('the gateway', () => {
  let gateway: GatewayApp;
  beforeAll(async () => {
    gateway = await GatewayApp.start();
    await gateway.tenant('aa');
  });
  afterAll(() => gateway.close());

  it('audits each request that changes something or is refused, and no other', async () => {
    const { key, principalId } = await gateway.principal('aa', [['data-scientist', 'aa']]);
    const made = await gateway.send('POST', '/v1/datasets?secret=1', { key, body: '{}' });
    await gateway.send('GET', '/v1/datasets', { key });
    await gateway.send('POST', '/v1/keys', { key, body: '{}' });
    await gateway.send('GET', '/v1/models', { key, headers: { 'x-myriad-tenant': 'bb' } });
    await eventually(() => {
      const mine = gateway.audited.filter((record) => record.principalId === principalId);
      expect(mine.map(({ method, route, status, code, tenantId }) => [method, route, status, code, tenantId])).toEqual([
        ['POST', '/v1/datasets', 200, undefined, 'aa'],
        ['POST', '/v1/keys', 403, 'gateway.permission_missing', 'aa'],
        ['GET', '/v1/models', 403, 'gateway.tenant_forbidden', 'aa'],
      ]);
      expect(mine[0]?.requestId).toBe(made.headers['x-request-id']);
    });
  });

  it('audits who has no key by count, as nobody of the platform', async () => {
    for (let i = 0; i < 20; i += 1) await gateway.send('GET', '/v1/roles', { key: `myr_aaaaaaaa_${'b'.repeat(40)}` });
    await eventually(() => {
      const mine = gateway.audited.filter((record) => record.route === '/v1/roles');
      expect(mine.reduce((sum, record) => sum + record.count, 0)).toBe(20);
      expect(mine.length).toBeLessThan(4);
      expect(mine[0]).toMatchObject({ tenantId: 'platform', principalId: 'anonymous', code: 'gateway.key_invalid' });
    });
  });

  it('shows every operation on a page without scripts, and each OpenAPI file', async () => {
    const page = await gateway.send('GET', '/docs');
    expect(page.status).toBe(200);
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    expect(page.text).not.toContain('<script');
    for (const { service, routes } of httpContracts) {
      for (const { path } of Object.values(routes)) expect(page.text).toContain(`<code>${path}</code>`);
      const yaml = await gateway.send('GET', `/docs/${service}.openapi.yaml`);
      expect(yaml.text).toMatch(/^openapi: ["']?3\.1/m);
    }
    expect((await gateway.send('GET', '/docs/unknown.openapi.yaml')).status).toBe(404);
    expect((await gateway.send('GET', '/docs/..%2fauth.openapi.yaml')).status).toBe(400);
  });

  it('says that it lives and is ready, and shows its metrics, without a key', async () => {
    expect((await gateway.send('GET', '/healthz')).body).toMatchObject({ status: 'ok', service: 'gateway' });
    expect((await gateway.send('GET', '/readyz')).status).toBe(200);
    expect((await gateway.send('GET', '/metrics')).text).toContain('# metrics');
  });
});
