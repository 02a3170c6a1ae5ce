import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RouteResponse, deployerRoutes as routes } from '@myriad/contracts';
import { DeployerApp } from '../deployer-app.js';

type CostBody = RouteResponse<typeof routes.listCosts>['items'][number];
const at = (hour: number): string => new Date(Date.UTC(2026, 0, 1, hour, 10)).toISOString();
const HOUR_MS = 3_600_000;

describe('costs', () => {
  let app: DeployerApp;
  beforeAll(async () => {
    app = await DeployerApp.start(); // its clock is at 2026-01-01T00:00Z
  });
  afterAll(() => app.close());

  const costs = async (tenant: string, query: Record<string, string | number> = {}): Promise<CostBody[]> =>
    (await app.harness.request(routes.listCosts, { tenant, query })).body.items;

  it('sums what a tenant used, each report once, and prices it', async () => {
    await app.used('aa', at(1), { requests: 10, rows: 30 });
    await app.used('aa', at(1), { requests: 5, rows: 5 });
    await app.used('aa', at(3), { requests: 1, rows: 1, batchRows: 100, trainingMs: 2000 });
    expect(await costs('aa')).toEqual([
      {
        tenantId: 'aa',
        predictions: 16,
        predictionRows: 36,
        batchRows: 100,
        trainingCpuSeconds: 2,
        modelHours: 0,
        costMicros: 16 * 2 + 36 + 100 * 0.5 + 2 * 50,
      },
    ]);
    expect(await costs('aa', { from: at(0), to: at(2) })).toMatchObject([{ predictions: 15, batchRows: 0 }]);
  });

  it('shows each tenant its own, and the platform all, page by page', async () => {
    await app.used('bb', at(1), { requests: 7, rows: 7 });
    expect((await costs('bb')).map(({ tenantId, predictions }) => [tenantId, predictions])).toEqual([['bb', 7]]);
    expect(await costs('tenant-c')).toEqual([]);
    expect((await costs('platform')).map(({ tenantId }) => tenantId)).toEqual(['aa', 'bb']);
    const query = { pageSize: 1 };
    const first = (await app.harness.request(routes.listCosts, { tenant: 'platform', query })).body;
    const pageToken = first.nextPageToken!;
    const second = (await app.harness.request(routes.listCosts, { tenant: 'platform', query: { ...query, pageToken } }))
      .body;
    expect([...first.items, ...second.items].map(({ tenantId }) => tenantId)).toEqual(['aa', 'bb']);
    expect(second.nextPageToken).toBeUndefined();
  });

  it('counts the hours of placed models, also of those that were replaced or taken back', async () => {
    const hours = async (query: Record<string, string> = {}): Promise<number> =>
      (await costs('dd', query))[0]?.modelHours ?? 0;
    const start = app.clock.nowMs();
    await app.promote('dd', { promotionId: 'prm_1' });
    await app.report('dd', 1, 'ready');
    app.clock.advance(1.5 * HOUR_MS);
    expect(await hours()).toBeCloseTo(1.5, 3);
    await app.promote('dd', { promotionId: 'prm_2', version: 2 });
    expect(await hours()).toBeCloseTo(1.5, 3);
    app.clock.advance(2 * HOUR_MS);
    expect(await hours()).toBeCloseTo(3.5, 3);
    const firstHour = { from: new Date(start).toISOString(), to: new Date(start + HOUR_MS).toISOString() };
    expect(await hours(firstHour)).toBeCloseTo(1, 3);
    await app.report('dd', 2, 'failed');
    app.clock.advance(HOUR_MS);
    expect(await hours()).toBeCloseTo(4.5, 3);
    const { items } = (await app.harness.request(routes.listRollouts, { tenant: 'dd' })).body;
    const params = { rolloutId: items.find(({ version }) => version === 2)!.rolloutId };
    expect(
      (await app.harness.request(routes.rollbackRollout, { tenant: 'dd', params, body: { reason: 'x' } })).status,
    ).toBe(409);
    expect(await costs('dd', { from: '2030-01-01T00:00:00.000Z' })).toEqual([]);
    expect((await costs('dd'))[0]?.costMicros).toBeCloseTo(45, 0);
  });
});
