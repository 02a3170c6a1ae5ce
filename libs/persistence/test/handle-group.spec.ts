import { uuidv7 } from '@myriad/kernel';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Tx } from '../src/index.js';
import { openShop, thingChanged, type Shop } from './support.js';

describe('effects of events that come together', () => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await openShop();
  });
  afterAll(async () => {
    await shop.close();
  });
  beforeEach(async () => {
    await shop.admin('TRUNCATE thing, outbox, inbox');
  });

  const eventOf = (tenantid: string): { id: string; tenantid: string; type: string } => ({
    id: uuidv7(),
    tenantid,
    type: thingChanged.type,
  });
  const put = (tx: Tx, name: string, size: number): Promise<unknown> =>
    tx.query('INSERT INTO thing (tenant_id, name, size) VALUES ($1, $2, $3)', [tx.tenantId, name, size]);
  const names = async (tenant: string): Promise<unknown[]> =>
    (await shop.admin('SELECT name FROM thing WHERE tenant_id = $1 ORDER BY name', [tenant])).map((row) => row['name']);

  it('share transactions, and each sees its own tenant only', async () => {
    const seen: { tenant: string; transaction: string; tenants: string[] }[] = [];
    const work = Array.from({ length: 40 }, (_, n) => {
      const tenant = n % 2 === 0 ? 'aa' : 'bb';
      return shop.uow.handle(eventOf(tenant), async (tx) => {
        await put(tx, `thing-${n}`, n);
        const rows = await tx.query<{ tenant_id: string; xid: string }>(
          'SELECT tenant_id, pg_current_xact_id()::text AS xid FROM thing',
        );
        const tenants = [...new Set(rows.map((row) => row.tenant_id))];
        seen.push({ tenant, transaction: rows[0]?.xid ?? '', tenants });
      });
    });
    expect(new Set(await Promise.all(work))).toEqual(new Set(['handled']));
    expect(seen.filter(({ tenant, tenants }) => tenants.join() !== tenant)).toEqual([]);
    expect(new Set(seen.map(({ transaction }) => transaction)).size).toBeLessThan(20);
    expect([(await names('aa')).length, (await names('bb')).length]).toEqual([20, 20]);
  });

  it("keep a tenant's order, and their events follow it", async () => {
    const work = Array.from({ length: 60 }, (_, n) =>
      shop.uow.handle(eventOf(n % 3 === 0 ? 'aa' : 'bb'), (tx) => tx.emit(thingChanged, { name: 'same', size: n })),
    );
    await Promise.all(work);
    const rows = await shop.admin("SELECT event FROM outbox WHERE tenant_id = 'bb' ORDER BY id");
    const sizes = rows.map((row) => (JSON.parse(row['event'] as string) as { data: { size: number } }).data.size);
    // Groups run side by side: within each the order is that of the calls.
    expect(sizes.length).toBe(40);
    expect(descents(sizes)).toBeLessThan(4);
    const all = await shop.admin('SELECT tenant_id, event FROM outbox');
    for (const row of all)
      expect((JSON.parse(row['event'] as string) as { tenantid: string }).tenantid).toBe(row['tenant_id']);
  });

  it('share a transaction also where a tenant before the last has all the events', async () => {
    let runs = 0;
    await Promise.all([
      shop.uow.handle(eventOf('aa'), (tx) => {
        runs += 1;
        return tx.emit(thingChanged, { name: 'x', size: 1 });
      }),
      shop.uow.handle(eventOf('bb'), (tx) => put(tx, 'y', 1)),
    ]);
    expect(runs).toBe(1);
    expect(await shop.admin('SELECT tenant_id FROM outbox')).toEqual([{ tenant_id: 'aa' }]);
  });

  it('are all done but the one that fails', async () => {
    const work = Array.from({ length: 30 }, (_, n) =>
      shop.uow.handle(eventOf('aa'), async (tx) => {
        await put(tx, `thing-${String(n).padStart(2, '0')}`, n);
        if (n === 17) throw new Error('no more');
      }),
    );
    const outcomes = await Promise.allSettled(work);
    expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([
      { status: 'rejected', reason: new Error('no more') },
    ]);
    const kept = await names('aa');
    expect(kept).toHaveLength(29);
    expect(kept).not.toContain('thing-17');
    expect(await shop.admin('SELECT count(*)::int AS n FROM inbox')).toEqual([{ n: 29 }]);
  });

  it('do an event once that is there twice, however its id is written', async () => {
    const event = eventOf('aa');
    const again = { ...event, id: event.id.toUpperCase() };
    let done = 0;
    const count = async (tx: Tx): Promise<void> => {
      done += 1;
      await put(tx, `thing-${done}`, 1);
    };
    const others = Array.from({ length: 8 }, () => shop.uow.handle(eventOf('bb'), (tx) => tx.query('SELECT 1')));
    const outcomes = await Promise.all([shop.uow.handle(event, count), shop.uow.handle(again, count)]);
    await Promise.all(others);
    expect([...outcomes].sort()).toEqual(['duplicate', 'handled']);
    expect(await shop.uow.handle(event, count)).toBe('duplicate');
    expect(await shop.uow.handle(event, count, { handler: 'Another' })).toBe('handled');
    expect(await shop.uow.handle(event, count, { handler: 'Another' })).toBe('duplicate');
    expect(done).toBe(2);
  });

  it('of two processes with the same events do each once', async () => {
    const { uow } = await shop.another();
    const events = Array.from({ length: 50 }, (_, n) => eventOf(n % 2 === 0 ? 'aa' : 'bb'));
    let done = 0;
    const count = (tx: Tx): Promise<unknown> => put(tx, `thing-${(done += 1)}`, 1);
    const outcomes = await Promise.all([
      ...events.map((event) => shop.uow.handle(event, count)),
      ...[...events].reverse().map((event) => uow.handle(event, count)),
    ]);
    expect(outcomes.filter((outcome) => outcome === 'handled')).toHaveLength(50);
    expect((await names('aa')).length + (await names('bb')).length).toBe(50);
  });
});

function descents(sizes: readonly number[]): number {
  return sizes.filter((size, index) => index > 0 && size < (sizes[index - 1] ?? 0)).length;
}
