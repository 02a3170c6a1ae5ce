import { testContext } from '@myriad/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PreparedStatements } from '../src/prepared-statements.js';
import { openShop, thingChanged, type Shop } from './support.js';

const aa = testContext('aa');

describe('a transaction', () => {
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

  const INSERT = 'INSERT INTO thing (tenant_id, name, size) VALUES ($1, $2, $3) RETURNING *';

  it('that goes on after a statement failed is refused, not half done', async () => {
    const work = shop.uow.run(aa, async (tx) => {
      await tx.emit(thingChanged, { name: 'x', size: 1 });
      await tx.query(INSERT, ['aa', 'x', 'no number']).catch(() => undefined);
    });
    await expect(work).rejects.toThrow(/transaction is aborted|rolled back/);
    expect(await shop.admin('SELECT * FROM outbox')).toEqual([]);
  });

  it('tells the fault of its own statement, and leaves the connection as good as new', async () => {
    const fail = shop.uow.run(aa, (tx) => tx.query('SELECT 1 / $1::int', [0]));
    await expect(fail).rejects.toThrow('division by zero');
    const rows = await Promise.all(
      Array.from({ length: 20 }, () =>
        shop.uow.run(aa, (tx) => tx.query("SELECT current_setting('myriad.tenant_id') AS tenant")),
      ),
    );
    expect(new Set(rows.map(([row]) => row?.['tenant']))).toEqual(new Set(['aa']));
  });

  it('answers statements asked for at once in their order', async () => {
    const answers = await shop.uow.run(aa, (tx) =>
      Promise.all(Array.from({ length: 10 }, (_, n) => tx.query('SELECT $1::int AS n', [n]))),
    );
    expect(answers.map(([row]) => row?.['n'])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('prepares anew what a migration has changed', async () => {
    const add = (name: string): Promise<Record<string, unknown>[]> =>
      shop.uow.run(aa, (tx) => tx.query(INSERT, ['aa', name, 1]));
    for (let n = 0; n < 30; n += 1) await add(`before-${n}`);
    await shop.admin('ALTER TABLE thing ADD COLUMN colour text');
    try {
      const rows = await Promise.all(Array.from({ length: 12 }, (_, n) => add(`after-${n}`)));
      expect(rows.flat().every((row) => 'colour' in row)).toBe(true);
    } finally {
      await shop.admin('ALTER TABLE thing DROP COLUMN colour');
    }
  });
});

describe('PreparedStatements', () => {
  const use = (statements: PreparedStatements, text: string, times: number): (string | undefined)[] =>
    Array.from({ length: times }, () => statements.nameOf(text));

  it('names a write from its fifth use on, and no search', () => {
    const statements = new PreparedStatements();
    const names = use(statements, 'INSERT INTO a VALUES ($1)', 6);
    expect(names.slice(0, 4)).toEqual([undefined, undefined, undefined, undefined]);
    expect(names[4]).toMatch(/^myriad_/);
    expect(names[5]).toBe(names[4]);
    expect(use(statements, 'SELECT * FROM a WHERE b = $1 OR $1 IS NULL', 20).every((name) => name === undefined)).toBe(
      true,
    );
  });

  it('names at most a hundred', () => {
    const statements = new PreparedStatements();
    const named = Array.from({ length: 150 }, (_, n) => use(statements, `UPDATE t${n} SET a = $1`, 6).at(-1));
    expect(named.filter((name) => name !== undefined)).toHaveLength(100);
    expect(new Set(named).size).toBe(101);
  });

  it('gives other names after a table has changed', () => {
    const statements = new PreparedStatements();
    const before = use(statements, 'DELETE FROM a', 6).at(-1);
    statements.heed(new Error('cached plan must not change result type'));
    expect(statements.nameOf('DELETE FROM a')).toBeUndefined();
    expect(use(statements, 'DELETE FROM a', 6).at(-1)).not.toBe(before);
  });
});
