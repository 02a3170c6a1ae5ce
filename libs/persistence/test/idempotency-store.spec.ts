import { testContext } from '@myriad/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { IdempotencyStore } from '../src/index.js';
import { openShop, type Shop } from './support.js';

const aa = testContext('aa');
const bb = { ...testContext('bb'), principal: aa.principal };
const someoneElse = testContext('aa');
const ANSWER = { status: 201, body: '{"modelId":"mdl_1"}' };

describe('IdempotencyStore', () => {
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

  it('gives the kept answer to whoever asks the same again', async () => {
    expect(await store.begin(aa, 'k', 'f')).toMatchObject({ state: 'started' });
    await store.complete(aa, 'k', ANSWER);
    expect(await store.begin(aa, 'k', 'f')).toEqual({ state: 'completed', ...ANSWER });
  });

  it('lets one of many concurrent requests start', async () => {
    const claims = await Promise.all(Array.from({ length: 10 }, () => store.begin(aa, 'k', 'f')));
    expect(claims.map((claim) => claim.state).sort()).toEqual([...Array<string>(9).fill('in-progress'), 'started']);
  });

  it('refuses the key for another request, while it is worked on and after', async () => {
    await store.begin(aa, 'k', 'f');
    expect(await store.begin(aa, 'k', 'g')).toEqual({ state: 'mismatch' });
    await store.complete(aa, 'k', ANSWER);
    expect(await store.begin(aa, 'k', 'g')).toEqual({ state: 'mismatch' });
  });

  it('keeps tenants and principals apart', async () => {
    await store.begin(aa, 'k', 'f');
    await store.complete(aa, 'k', ANSWER);
    expect(await store.begin(bb, 'k', 'f')).toMatchObject({ state: 'started' });
    expect(await store.begin(someoneElse, 'k', 'f')).toMatchObject({ state: 'started' });
  });

  it('starts anew after it was abandoned', async () => {
    await store.begin(aa, 'k', 'f');
    await store.abandon(aa, 'k');
    expect(await store.begin(aa, 'k', 'g')).toMatchObject({ state: 'started' });
  });

  it('never abandons or changes an answer that is kept', async () => {
    await store.begin(aa, 'k', 'f');
    await store.complete(aa, 'k', ANSWER);
    await store.abandon(aa, 'k');
    await store.complete(aa, 'k', { status: 500, body: '' });
    expect(await store.begin(aa, 'k', 'f')).toEqual({ state: 'completed', ...ANSWER });
  });

  it('is taken over when the lease of a dead process ran out, by the same request only', async () => {
    await store.begin(aa, 'k', 'f');
    await shop.admin(`UPDATE idempotency SET lease_until = now() - interval '1 second'`);
    expect(await store.begin(aa, 'k', 'g')).toEqual({ state: 'mismatch' });
    expect(await store.begin(aa, 'k', 'f')).toMatchObject({ state: 'started' });
    expect(await store.begin(aa, 'k', 'f')).toEqual({ state: 'in-progress' });
  });

  it('forgets an answer after a day', async () => {
    await store.begin(aa, 'k', 'f');
    await store.complete(aa, 'k', ANSWER);
    const [row] = await shop.admin(
      `SELECT round(extract(epoch FROM expires_at - now()) / 3600)::int AS hours FROM idempotency`,
    );
    expect(row).toEqual({ hours: 24 });
    await shop.admin(`UPDATE idempotency SET expires_at = now() - interval '1 second'`);
    expect(await store.begin(aa, 'k', 'g')).toMatchObject({ state: 'started' });
  });
});
