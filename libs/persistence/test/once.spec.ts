import type { RequestContext } from '@myriad/kernel';
import { testContext } from '@myriad/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { IdempotencyStore } from '../src/index.js';
import { ThingRow, openShop, thingChanged, type Shop } from './support.js';

const aa = testContext('aa');
const bb = { ...testContext('bb'), principal: aa.principal };
const ANSWER = { status: 201, body: '{"modelId":"mdl_1"}' };

describe('a request with an idempotency key, when its process dies', () => {
  let shop: Shop;
  let store: IdempotencyStore;
  beforeAll(async () => {
    shop = await openShop();
    store = new IdempotencyStore(shop.uow);
  });
  afterAll(async () => {
    await shop.close();
  });
  beforeEach(async () => {
    await shop.admin('TRUNCATE idempotency, idempotency_step, thing, outbox');
  });

  const started = async (ctx = aa): Promise<RequestContext> => {
    const claim = await store.begin(ctx, 'k', 'f');
    if (claim.state !== 'started') throw new Error(`the key is ${claim.state}`);
    return { ...ctx, once: claim.once };
  };
  const leaseEnds = (): Promise<unknown> =>
    shop.admin(`UPDATE idempotency SET lease_until = now() - interval '1 second'`);
  let made = 0;
  /** What a handler does: makes something with a new name, says so. */
  const make = (ctx: RequestContext, uow = shop.uow): Promise<{ name: string; at: Date }> =>
    uow.run(ctx, async (tx) => {
      made += 1;
      const thing = { name: `thing-${made}`, at: new Date(made) };
      await tx.repo(ThingRow).insert({ tenantId: tx.tenantId, name: thing.name, size: made });
      await tx.emit(thingChanged, { name: thing.name, size: made });
      return thing;
    });
  const look = (ctx: RequestContext): Promise<number> => shop.uow.run(ctx, (tx) => tx.repo(ThingRow).count());
  const there = async (): Promise<number[]> => {
    const [row] = await shop.admin('SELECT (SELECT count(*) FROM thing) AS t, (SELECT count(*) FROM outbox) AS e');
    return [Number(row?.['t']), Number(row?.['e'])];
  };

  it('after the effect and before the answer was kept: the effect is found and not done again', async () => {
    const first = await started();
    await look(first);
    const thing = await make(first);
    await leaseEnds();
    const again = await started();
    expect(await look(again)).toBe(1);
    expect(await make(again)).toEqual(thing);
    expect(await there()).toEqual([1, 1]);
    await store.complete(again, 'k', ANSWER);
    expect(await store.begin(aa, 'k', 'f')).toEqual({ state: 'completed', ...ANSWER });
  });

  it('before the effect: it is done once', async () => {
    const first = await started();
    const dying = shop.uow.run(first, async (tx) => {
      await tx.repo(ThingRow).insert({ tenantId: tx.tenantId, name: 'lost', size: 1 });
      throw new Error('the process dies');
    });
    await expect(dying).rejects.toThrow('dies');
    await leaseEnds();
    await make(await started());
    expect(await there()).toEqual([1, 1]);
  });

  it('between two effects: the first is found and the second done', async () => {
    const one = await make(await started());
    await leaseEnds();
    const again = await started();
    expect(await make(again)).toEqual(one);
    expect((await make(again)).name).not.toBe(one.name);
    expect(await there()).toEqual([2, 2]);
  });

  it('and it did not die but was slow: whoever is second of the two gets what the first did', async () => {
    const slow = await started();
    await leaseEnds();
    const quick = await started();
    const { uow } = await shop.another();
    const [one, other] = await Promise.all([make(slow), make(quick, uow)]);
    expect(one).toEqual(other);
    expect(await there()).toEqual([1, 1]);
  });

  it('a new request under the key, after a day, is a new one', async () => {
    await make(await started());
    await shop.admin(`UPDATE idempotency SET expires_at = now() - interval '1 second'`);
    await make(await started());
    expect(await there()).toEqual([2, 2]);
  });

  it('also in work across tenants, and in that of another tenant', async () => {
    const everywhere = (ctx: RequestContext): Promise<string> =>
      shop.uow.runAcrossTenants(
        'test',
        async (tx) => {
          made += 1;
          await tx.repo(ThingRow).insert({ tenantId: 'cc', name: `thing-${made}`, size: made });
          return `thing-${made}`;
        },
        { partOf: ctx },
      );
    const first = await started();
    const names = [await everywhere(first), (await make({ ...first, tenantId: bb.tenantId })).name];
    await leaseEnds();
    const again = await started();
    expect([await everywhere(again), (await make({ ...again, tenantId: bb.tenantId })).name]).toEqual(names);
    expect(await there()).toEqual([2, 1]);
  });

  it('keeps the key for the same request when it failed after an effect', async () => {
    const first = await started();
    const thing = await make(first);
    await store.abandon(first, 'k');
    expect(await store.begin(aa, 'k', 'g')).toEqual({ state: 'mismatch' });
    expect(await make(await started())).toEqual(thing);
  });

  it('says so when what was done can not be told again', async () => {
    const act = (ctx: RequestContext): Promise<unknown> =>
      shop.uow.run(ctx, async (tx) => {
        await tx.repo(ThingRow).insert({ tenantId: tx.tenantId, name: 'x', size: 1 });
        return () => 'a function has no bytes';
      });
    await act(await started());
    await leaseEnds();
    await expect(act(await started())).rejects.toMatchObject({ code: 'persistence.outcome_unknown' });
    expect(await there()).toEqual([1, 0]);
  });

  it('takes nothing of another tenant that has the same key', async () => {
    const mine = await make(await started());
    await leaseEnds();
    expect((await make(await started(bb))).name).not.toBe(mine.name);
  });
});
