import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { gatewayOperationsSchema, poolChangedV1 } from '@myriad/contracts';
import { systemClock } from '@myriad/kernel';
import { eventually } from '@myriad/testing';
import { ServiceWatch } from '../../src/application/service-watch.js';
import { InFlight } from '../../src/application/in-flight.js';
import { Outages } from '../../src/application/outages.js';
import { PlacementTable } from '../../src/application/placement-table.js';
import { GatewayApp } from '../gateway-app.js';

describe('GET /v1/operations/gateway', () => {
  let gateway: GatewayApp;
  beforeAll(async () => {
    gateway = await GatewayApp.start({}, { batch: 'http://127.0.0.1:9' });
  });
  afterAll(() => gateway.close());

  it('tells operators of the platform, and no tenant, which services and replicas it sees', async () => {
    await gateway.publish(poolChangedV1, 'platform', {
      ...poolChangedV1.example,
      environment: 'production',
      pool: 'tabular-small',
      endpoints: [{ replicaId: 'r1', url: gateway.service.url }],
    });
    const operator = await gateway.principal('platform', [['platform-engineer', 'platform']]);
    const answer = await eventually(async () => {
      const sent = await gateway.send('GET', '/v1/operations/gateway', { key: operator.key });
      expect(sent.status).toBe(200);
      const body = gatewayOperationsSchema.parse(sent.body);
      expect(body.replicas).toHaveLength(1);
      return body;
    });
    expect(answer.replicas[0]).toMatchObject({
      environment: 'production',
      pool: 'tabular-small',
      url: gateway.service.url,
    });
    expect(answer.services.map(({ service }) => service)).toContain('batch');
    await gateway.tenant('aa');
    const steward = await gateway.principal('aa', [['tenant-admin', 'aa']]);
    expect((await gateway.send('GET', '/v1/operations/gateway', { key: steward.key })).status).toBe(403);
    const scientist = await gateway.principal('platform', [['data-scientist', '*']]);
    expect((await gateway.send('GET', '/v1/operations/gateway', { key: scientist.key })).body.code).toBe(
      'gateway.permission_missing',
    );
  });
});

describe('ServiceWatch', () => {
  it('remembers since when a service is as it is', async () => {
    let [reason, nowMs] = ['', 1_000];
    const watch = new ServiceWatch({
      services: { auth: 'http://auth' },
      placements: new PlacementTable(new Outages(systemClock), new InFlight()),
      probe: () => Promise.resolve(reason),
      clock: { nowMs: () => nowMs },
    });
    const look = async (): Promise<unknown> => {
      await watch.look();
      const [auth] = watch.services();
      return [auth?.isReady, auth?.reason, auth?.sinceMs];
    };
    expect(await look()).toEqual([true, '', 1_000]);
    [reason, nowMs] = ['unreachable: no', 2_000];
    expect(await look()).toEqual([false, 'unreachable: no', 2_000]);
    [reason, nowMs] = ['timeout: still no', 3_000];
    expect(await look()).toEqual([false, 'timeout: still no', 2_000]);
    [reason, nowMs] = ['', 4_000];
    expect(await look()).toEqual([true, '', 4_000]);
  });
});
