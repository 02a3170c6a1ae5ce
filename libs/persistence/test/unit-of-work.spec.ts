import { ProblemError } from '@myriad/kernel';
import { runWithTraceparent } from '@myriad/telemetry';
import { eventually, testContext } from '@myriad/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { isUniqueViolation } from '../src/index.js';
import { ThingRow, openShop, thingChanged, type Shop, type ThingEvent } from './support.js';

const aa = testContext('aa');

describe('UnitOfWork', () => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await openShop({ lockTimeoutMs: 400, statementTimeoutMs: 2_000 });
  });
  afterAll(async () => {
    await shop.close();
  });
  beforeEach(async () => {
    await shop.admin('TRUNCATE thing, outbox, inbox');
  });

  const outbox = async (): Promise<ThingEvent[]> =>
    (await shop.admin('SELECT event FROM outbox ORDER BY id')).map(
      (row) => JSON.parse(row['event'] as string) as ThingEvent,
    );
  const codeOf = async (work: Promise<unknown>): Promise<string> => {
    const error: unknown = await work.catch((e: unknown) => e);
    return error instanceof ProblemError ? error.code : `no problem: ${String(error)}`;
  };

  it('commits the state and its event together, as a full CloudEvent', async () => {
    const ctx = { ...aa, causationId: '0190b3a4-0000-7000-8000-000000000001' };
    await shop.uow.run(ctx, async (tx) => {
      await tx.repo(ThingRow).insert({ tenantId: tx.tenantId, name: 'x', size: 1 });
      await tx.emit(thingChanged, { name: 'x', size: 1 });
    });
    expect(await outbox()).toEqual([
      {
        specversion: '1.0',
        id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/) as unknown,
        type: 'shop.thing-changed.v1',
        source: '/myriad/shop',
        subject: 'aa/x',
        time: expect.stringMatching(/Z$/) as unknown,
        dataschema: 'https://schemas.myriad.dev/events/shop.thing-changed.v1.json',
        datacontenttype: 'application/json',
        tenantid: 'aa',
        causationid: ctx.causationId,
        data: { name: 'x', size: 1 },
      },
    ]);
  });

  it('publishes nothing and keeps nothing when the work fails', async () => {
    const seen: string[] = [];
    const work = shop.uow.run(aa, async (tx) => {
      await tx.repo(ThingRow).insert({ tenantId: 'aa', name: 'x', size: 1 });
      await tx.emit(thingChanged, { name: 'x', size: 1 });
      tx.afterCommit(() => {
        seen.push('committed');
      });
      throw new Error('changed my mind');
    });
    await expect(work).rejects.toThrow('changed my mind');
    expect(await outbox()).toEqual([]);
    expect(await shop.admin('SELECT * FROM thing')).toEqual([]);
    expect(seen).toEqual([]);
  });

  it('keeps nothing when the event breaks its contract', async () => {
    const work = shop.uow.run(aa, async (tx) => {
      await tx.repo(ThingRow).insert({ tenantId: 'aa', name: 'x', size: 1 });
      await tx.emit(thingChanged, { name: '', size: 1.5 });
    });
    expect(await codeOf(work)).toBe('persistence.event_invalid');
    expect(await shop.admin('SELECT * FROM thing')).toEqual([]);
  });

  it('refuses an event of another tenant, and one of no tenant across tenants', async () => {
    const other = shop.uow.run(aa, (tx) => tx.emit(thingChanged, { name: 'x', size: 1 }, { tenantId: 'bb' }));
    await expect(other).rejects.toThrow(/can't be emitted in the scope of 'aa'/);
    const none = shop.uow.runAcrossTenants('test', (tx) => tx.emit(thingChanged, { name: 'x', size: 1 }));
    await expect(none).rejects.toThrow(/needs options.tenantId/);
    await shop.uow.runAcrossTenants('test', (tx) => tx.emit(thingChanged, { name: 'x', size: 1 }, { tenantId: 'bb' }));
    expect((await outbox()).map((event) => event.tenantid)).toEqual(['bb']);
  });

  it('carries the trace it runs in', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    await runWithTraceparent(traceparent, () =>
      shop.uow.run(aa, (tx) => tx.emit(thingChanged, { name: 'x', size: 1 })),
    );
    expect((await outbox())[0]?.traceparent).toBe(traceparent);
  });

  it('runs what follows a commit after it, and does not fail when that fails', async () => {
    const result = await shop.uow.run(aa, async (tx) => {
      await tx.repo(ThingRow).insert({ tenantId: 'aa', name: 'x', size: 1 });
      tx.afterCommit(async () => {
        expect(await shop.admin('SELECT name FROM thing')).toEqual([{ name: 'x' }]);
        throw new Error('mail server away');
      });
      return 7;
    });
    expect(result).toBe(7);
  });

  it('gives the rows of UPDATE and DELETE with RETURNING', async () => {
    await shop.uow.run(aa, async (tx) => {
      await tx.query(`INSERT INTO thing VALUES ($1, 'x', 1)`, [tx.tenantId]);
      expect(await tx.query('UPDATE thing SET size = 2 RETURNING size')).toEqual([{ size: 2 }]);
      expect(await tx.query('DELETE FROM thing RETURNING name')).toEqual([{ name: 'x' }]);
    });
  });

  it('lets a store tell a unique violation', async () => {
    const insert = (): Promise<unknown> =>
      shop.uow.run(aa, (tx) => tx.repo(ThingRow).insert({ tenantId: 'aa', name: 'x', size: 1 }));
    await insert();
    const error: unknown = await insert().catch((e: unknown) => e);
    expect([
      isUniqueViolation(error),
      isUniqueViolation(error, 'thing_pkey'),
      isUniqueViolation(error, 'other'),
    ]).toEqual([true, true, false]);
  });

  it('runs the work again after serialization failures until each counts once', async () => {
    await shop.admin(`INSERT INTO thing VALUES ('aa', 'counter', 0)`);
    let attempts = 0;
    const bothHaveRead = async (): Promise<void> => {
      attempts += 1;
      await eventually(() => {
        expect(attempts).toBeGreaterThanOrEqual(2);
      });
    };
    const increment = (): Promise<void> =>
      shop.uow.run(
        aa,
        async (tx) => {
          const [row] = await tx.query<{ size: number }>(`SELECT size FROM thing WHERE name = 'counter'`);
          await bothHaveRead();
          await tx.query(`UPDATE thing SET size = $1 WHERE name = 'counter'`, [row!.size + 1]);
          await tx.emit(thingChanged, { name: 'counter', size: row!.size + 1 });
        },
        { isolation: 'SERIALIZABLE' },
      );
    await Promise.all([increment(), increment()]);
    expect(await shop.admin('SELECT size FROM thing')).toEqual([{ size: 2 }]);
    expect((await outbox()).map((event) => event.data.size)).toEqual([1, 2]);
    expect(attempts).toBeGreaterThan(2);
  });

  it('gives up after three retries with a conflict', async () => {
    let attempts = 0;
    const work = shop.uow.run(aa, (tx) => {
      attempts += 1;
      return tx.query(`DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = 'serialization_failure'; END $$`);
    });
    expect(await codeOf(work)).toBe('persistence.concurrent_update');
    expect(attempts).toBe(4);
  });

  it('breaks a deadlock and finishes both', async () => {
    await shop.admin(`INSERT INTO thing VALUES ('aa', 'a', 0), ('aa', 'b', 0)`);
    let hasFirst = 0;
    const touch = (names: readonly [string, string]): Promise<void> =>
      shop.uow.run(aa, async (tx) => {
        await tx.query('UPDATE thing SET size = size + 1 WHERE name = $1', [names[0]]);
        hasFirst += 1;
        await eventually(() => {
          expect(hasFirst).toBeGreaterThanOrEqual(2);
        });
        await tx.query('UPDATE thing SET size = size + 1 WHERE name = $1', [names[1]]);
      });
    await Promise.all([touch(['a', 'b']), touch(['b', 'a'])]);
    expect(await shop.admin('SELECT size FROM thing')).toEqual([{ size: 2 }, { size: 2 }]);
  });

  it('says a lock that stays taken, a statement that takes too long, and a deadline that passed', async () => {
    await shop.admin(`INSERT INTO thing VALUES ('aa', 'a', 0)`);
    await shop.admin('BEGIN');
    await shop.admin('SELECT * FROM thing FOR UPDATE');
    const locked = shop.uow.run(aa, (tx) => tx.query('UPDATE thing SET size = 1'));
    expect(await codeOf(locked)).toBe('persistence.lock_timeout');
    await shop.admin('ROLLBACK');
    const slow = shop.uow.run({ ...aa, deadlineMs: Date.now() + 150 }, (tx) => tx.query('SELECT pg_sleep(5)'));
    expect(await codeOf(slow)).toBe('persistence.statement_timeout');
    const late = shop.uow.run({ ...aa, deadlineMs: Date.now() - 1 }, (tx) => tx.query('SELECT 1'));
    expect(await codeOf(late)).toBe('persistence.deadline_passed');
  });

  it('gives a connection up that no answer comes through, and says so', async () => {
    let frozen = 0;
    const silent = shop.uow.run(aa, async (tx) => {
      const [mine] = await tx.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      frozen = mine!.pid;
      process.kill(frozen, 'SIGSTOP');
      await tx.query('SELECT 1');
    });
    try {
      expect(await codeOf(silent)).toBe('persistence.database_unavailable');
    } finally {
      process.kill(frozen, 'SIGCONT');
    }
    await shop.uow.run(aa, (tx) => tx.query('SELECT 1'));
  });

  it('works again after all its connections were cut, and says so meanwhile', async () => {
    const cut = shop.uow.run(aa, (tx) => tx.query('SELECT pg_terminate_backend(pg_backend_pid())'));
    expect(await codeOf(cut)).toBe('persistence.database_unavailable');
    const cutBetween = shop.uow.run(aa, async (tx) => {
      const [mine] = await tx.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      await shop.admin(`SELECT pg_terminate_backend(${mine!.pid})`);
      await new Promise((resolve) => setTimeout(resolve, 100)); // the driver hears of it
      await tx.query('SELECT 1');
    });
    expect(await codeOf(cutBetween)).toBe('persistence.database_unavailable');
    await shop.admin(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
    await eventually(() => shop.uow.run(aa, (tx) => tx.query('SELECT 1')));
  });

  describe('handle', () => {
    const event = {
      id: '0190b3a4-0000-7000-8000-00000000000a',
      tenantid: 'aa',
      type: 'shop.thing-changed.v1',
    };
    const grow = (name = 'x'): Promise<'handled' | 'duplicate'> =>
      shop.uow.handle(event, async (tx) => {
        await tx.query(
          `INSERT INTO thing VALUES ($1, $2, 1) ON CONFLICT (tenant_id, name) DO UPDATE SET size = thing.size + 1`,
          [tx.tenantId, name],
        );
        await tx.emit(thingChanged, { name, size: 1 });
      });
    const sizes = (): Promise<Record<string, unknown>[]> => shop.admin('SELECT tenant_id, size FROM thing');

    it('has one effect and one event when the event comes twice', async () => {
      expect([await grow(), await grow()]).toEqual(['handled', 'duplicate']);
      expect(await sizes()).toEqual([{ tenant_id: 'aa', size: 1 }]);
      expect((await outbox()).map((e) => e.causationid)).toEqual([event.id]);
    });

    it('has one effect when the event comes many times at once', async () => {
      const outcomes = await Promise.all(Array.from({ length: 8 }, () => grow()));
      expect(outcomes.filter((outcome) => outcome === 'handled')).toHaveLength(1);
      expect(await sizes()).toEqual([{ tenant_id: 'aa', size: 1 }]);
    });

    it('does not remember an event whose effect failed', async () => {
      await expect(shop.uow.handle(event, () => Promise.reject(new Error('not now')))).rejects.toThrow('not now');
      expect(await grow()).toBe('handled');
    });

    it('keeps handlers of one event apart by their name', async () => {
      const once = (handler: string): Promise<string> => shop.uow.handle(event, () => Promise.resolve(), { handler });
      expect([await once('a'), await once('b'), await once('a')]).toEqual(['handled', 'handled', 'duplicate']);
    });

    it('works in the scope of the event, or across tenants for a stated reason', async () => {
      const count = async (options: { acrossTenants?: string }): Promise<number> => {
        let seen = -1;
        const id = `0190b3a4-0000-7000-8000-0000000000${options.acrossTenants === undefined ? '1' : '2'}0`;
        await shop.uow.handle(
          { ...event, id },
          async (tx) => {
            seen = (await tx.query('SELECT * FROM thing')).length;
          },
          options,
        );
        return seen;
      };
      await shop.admin(`INSERT INTO thing VALUES ('aa', 'a', 1), ('bb', 'b', 2)`);
      expect([await count({}), await count({ acrossTenants: 'test' })]).toEqual([1, 2]);
    });
  });
});
