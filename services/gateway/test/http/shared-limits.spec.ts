import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@myriad/testing';
import { GatewayApp } from '../gateway-app.js';

describe('two gateways on one event log', () => {
  let one: GatewayApp;
  let other: GatewayApp;
  beforeAll(async () => {
    one = await GatewayApp.start();
    other = await one.another();
  });
  afterAll(async () => {
    await other.close();
    await one.close();
  });

  /** How many more may come, as the gateway's answer says. */
  const ask = async (gateway: GatewayApp, key: string): Promise<[status: number, limit: number, left: number]> => {
    const { status, headers } = await gateway.send('GET', '/v1/models', { key });
    return [status, Number(headers['ratelimit-limit']), Number(headers['ratelimit-remaining'])];
  };
  const tenantOf = async (tenantId: string, burst: number): Promise<string> => {
    await one.tenant(tenantId, { rateLimit: { requestsPerSecond: 0.001, burst } });
    const { key } = await one.principal(tenantId, [['viewer', tenantId]]);
    await eventually(async () => {
      expect((await ask(other, key))[0]).not.toBe(401);
    });
    return key;
  };

  it('hold the limit of a tenant together, and no other tenant pays for it', async () => {
    const [key, quiet] = [await tenantOf('busy', 20), await tenantOf('quiet', 20)];
    await eventually(async () => {
      const [, , left] = await ask(one, quiet);
      const [, , seen] = await ask(other, quiet);
      expect(left - seen).toBe(1); // each hears of the other
    });
    for (let i = 0; i < 8; i += 1) expect((await ask(one, key))[0]).toBe(200);
    await eventually(async () => {
      const [, limit, left] = await ask(other, key);
      expect(limit).toBe(20);
      expect(left).toBeLessThan(12);
    });
    await eventually(async () => {
      expect((await ask(one, key))[0]).toBe(429);
      expect((await ask(other, key))[0]).toBe(429);
    });
    expect((await ask(other, quiet))[0]).toBe(200);
  });

  it('keep to their part when the log is away, and the one that is left has all of it', async () => {
    const key = await tenantOf('parted', 40);
    await ask(other, key);
    other.log.crash();
    await eventually(
      async () => {
        expect((await ask(other, key))[1]).toBe(20);
      },
      { timeoutMs: 15_000 },
    );
    const lonely = await tenantOf2(one);
    await eventually(
      async () => {
        expect((await ask(one, lonely))[1]).toBe(40);
      },
      { timeoutMs: 15_000 },
    );
  });

  async function tenantOf2(gateway: GatewayApp): Promise<string> {
    await gateway.tenant('left', { rateLimit: { requestsPerSecond: 0.001, burst: 40 } });
    return (await gateway.principal('left', [['viewer', 'left']])).key;
  }
});
