import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { OutgoingHttpHeaders } from 'node:http';
import { GatewayApp } from '../gateway-app.js';

const GET_RUN = '/api/2.0/mlflow/runs/get?run_id=r';

describe('a client of MLflow', () => {
  let gateway: GatewayApp;
  let key: string;
  beforeAll(async () => {
    gateway = await GatewayApp.start();
    for (const tenant of ['aa', 'bb', 'cc']) await gateway.tenant(tenant);
    ({ key } = await gateway.principal('aa', [
      ['viewer', 'aa'],
      ['viewer', 'bb'],
    ]));
  });
  afterAll(() => gateway.close());

  const ask = (path: string, headers: OutgoingHttpHeaders = {}) => gateway.send('GET', path, { key, headers });
  const actingIn = async (path: string, headers: OutgoingHttpHeaders = {}): Promise<unknown> => {
    const { status, text } = await ask(path, headers);
    expect([status, text]).toEqual([200, expect.anything()]);
    return (await gateway.lastCaller()).claims.tid;
  };

  it("acts in its key's tenant, or in the workspace that it names by header or path", async () => {
    expect(await actingIn(GET_RUN)).toBe('aa');
    expect(await actingIn(GET_RUN, { 'x-mlflow-workspace': 'bb' })).toBe('bb');
    expect(await actingIn(`/tenants/bb${GET_RUN}`)).toBe('bb');
    expect(gateway.service.seen.at(-1)?.url).toBe(GET_RUN);
    expect(await actingIn(`/tenants/bb${GET_RUN}`, { 'x-mlflow-workspace': 'bb', 'x-myriad-tenant': 'bb' })).toBe('bb');
  });

  it('gets by a name no further than by X-Myriad-Tenant', async () => {
    const forbidden = { status: 403, body: { code: 'gateway.tenant_forbidden', error_code: 'PERMISSION_DENIED' } };
    for (const tenant of ['cc', 'nobody']) {
      expect(await ask(GET_RUN, { 'x-mlflow-workspace': tenant })).toMatchObject(forbidden);
      expect(await ask(`/tenants/${tenant}${GET_RUN}`)).toMatchObject(forbidden);
    }
  });

  it('names one tenant, or is refused', async () => {
    const differ = { status: 400, body: { code: 'gateway.tenants_differ', error_code: 'INVALID_PARAMETER_VALUE' } };
    expect(await ask(`/tenants/aa${GET_RUN}`, { 'x-mlflow-workspace': 'bb' })).toMatchObject(differ);
    expect(await ask(GET_RUN, { 'x-myriad-tenant': 'aa', 'x-mlflow-workspace': 'bb' })).toMatchObject(differ);
  });

  it('has these words for its own API only', async () => {
    const [{ status, body }, workspace] = [
      await ask('/tenants/bb/v1/models'),
      await ask('/v1/models', { 'x-mlflow-workspace': 'bb' }),
    ];
    expect([status, body.code]).toEqual([404, 'gateway.route_not_found']);
    expect(workspace.status).toBe(200);
    expect((await gateway.lastCaller()).claims.tid).toBe('aa');
  });

  it('is told by MLflow’s codes what the gateway refuses, and what is not served', async () => {
    expect(await gateway.send('GET', GET_RUN)).toMatchObject({
      status: 401,
      body: { code: 'gateway.credential_missing', error_code: 'UNAUTHENTICATED' },
    });
    const answer = await ask('/api/2.0/mlflow/traces/t/info');
    expect(answer).toMatchObject({
      status: 501,
      body: { code: 'gateway.call_not_served', error_code: 'NOT_IMPLEMENTED' },
    });
    expect((answer.body as { message?: string }).message).toMatch(/traces\/t\/info is not served here/);
  });
});
