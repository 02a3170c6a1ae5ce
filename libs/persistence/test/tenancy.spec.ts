import { testContext } from '@myriad/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { isInsufficientPrivilege, type Tx } from '../src/index.js';
import { ThingRow, openShop, type Shop } from './support.js';

const aa = testContext('aa');
const bb = testContext('bb');

describe('a transaction of one tenant', () => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await openShop();
  });
  afterAll(async () => {
    await shop.close();
  });
  beforeEach(async () => {
    await shop.admin('TRUNCATE thing');
    await shop.admin(`INSERT INTO thing VALUES ('aa', 'mine', 1), ('bb', 'theirs', 2)`);
  });

  const inAa = <T>(fn: (tx: Tx) => Promise<T>): Promise<T> => shop.uow.run(aa, fn);

  it('reads its own rows only, by repository and by raw SQL without a WHERE', async () => {
    await inAa(async (tx) => {
      expect(await tx.repo(ThingRow).find()).toEqual([{ tenantId: 'aa', name: 'mine', size: 1 }]);
      expect(await tx.query('SELECT name FROM thing')).toEqual([{ name: 'mine' }]);
      expect(await tx.query(`SELECT * FROM thing WHERE tenant_id = 'bb'`)).toEqual([]);
    });
  });

  it('changes its own rows only', async () => {
    await inAa((tx) => tx.query('UPDATE thing SET size = 99'));
    expect(await inAa((tx) => tx.query(`UPDATE thing SET size = 98 WHERE tenant_id = 'bb' RETURNING name`))).toEqual(
      [],
    );
    expect(await shop.admin('SELECT name, size FROM thing ORDER BY name')).toEqual([
      { name: 'mine', size: 99 },
      { name: 'theirs', size: 2 },
    ]);
  });

  it('deletes its own rows only', async () => {
    await inAa((tx) => tx.query('DELETE FROM thing'));
    expect(await shop.admin('SELECT name FROM thing')).toEqual([{ name: 'theirs' }]);
  });

  it.each([
    ['insert a row of another tenant', `INSERT INTO thing VALUES ('bb', 'planted', 1)`],
    ['give a row to another tenant', `UPDATE thing SET tenant_id = 'bb'`],
    [
      'take a row over with an upsert',
      `INSERT INTO thing VALUES ('bb', 'theirs', 9) ON CONFLICT (tenant_id, name) DO UPDATE SET size = 9`,
    ],
    ['insert a row of a tenant that sorts beside it', `INSERT INTO thing VALUES ('aa-1', 'planted', 1)`],
    ['insert a row of every tenant', `INSERT INTO thing VALUES ('*', 'planted', 1)`],
  ])('can not %s', async (_what, sql) => {
    await expect(inAa((tx) => tx.query(sql))).rejects.toThrow(/row-level security/);
    expect(await shop.admin('SELECT tenant_id, name, size FROM thing ORDER BY name')).toEqual([
      { tenant_id: 'aa', name: 'mine', size: 1 },
      { tenant_id: 'bb', name: 'theirs', size: 2 },
    ]);
  });

  it('says a missing right in a form that stores can tell', async () => {
    const error: unknown = await inAa((tx) => tx.query(`INSERT INTO thing VALUES ('bb', 'x', 1)`)).catch(
      (e: unknown) => e,
    );
    expect(isInsufficientPrivilege(error)).toBe(true);
  });

  it('leaves nothing of its tenant on the connection', async () => {
    await Promise.all(
      Array.from({ length: 60 }, (_, index) => {
        const ctx = index % 2 === 0 ? aa : bb;
        return shop.uow.run(ctx, async (tx) => {
          const rows = await tx.query<{ tenant_id: string }>('SELECT tenant_id FROM thing');
          expect(rows).toEqual([{ tenant_id: ctx.tenantId }]);
        });
      }),
    );
    expect(await shop.database.dataSource.query('SELECT * FROM thing')).toEqual([]);
  });

  it('leaves nothing of its tenant after a rollback either', async () => {
    await expect(inAa(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    for (let i = 0; i < 20; i += 1) expect(await shop.database.dataSource.query('SELECT * FROM thing')).toEqual([]);
  });

  it('sees all tenants in work across tenants, and may write to each', async () => {
    await shop.uow.runAcrossTenants('test', async (tx) => {
      expect(tx.tenantId).toBe('*');
      expect(await tx.query('SELECT name FROM thing ORDER BY name')).toEqual([{ name: 'mine' }, { name: 'theirs' }]);
      await tx.query(`UPDATE thing SET size = size + 10`);
    });
    expect(await shop.admin('SELECT size FROM thing ORDER BY size')).toEqual([{ size: 11 }, { size: 12 }]);
  });
});

describe('the runtime role', () => {
  let shop: Shop;
  let client: pg.Client;
  beforeAll(async () => {
    shop = await openShop();
    await shop.admin(`INSERT INTO thing VALUES ('aa', 'mine', 1)`);
    client = new pg.Client({ connectionString: shop.test.url });
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await shop.close();
  });

  it('sees no rows and writes none while no tenant is set', async () => {
    expect((await client.query('SELECT * FROM thing')).rows).toEqual([]);
    expect((await client.query('DELETE FROM thing')).rowCount).toBe(0);
    await expect(client.query(`INSERT INTO thing VALUES ('aa', 'x', 1)`)).rejects.toThrow(/row-level security/);
    await expect(client.query(`INSERT INTO thing VALUES ('', 'x', 1)`)).rejects.toThrow(/row-level security/);
  });

  it('sees no rows after a transaction that had a tenant', async () => {
    await client.query('BEGIN');
    await client.query(`SELECT set_config('myriad.tenant_id', 'aa', true)`);
    expect((await client.query('SELECT * FROM thing')).rows).toHaveLength(1);
    await client.query('COMMIT');
    expect((await client.query('SELECT * FROM thing')).rows).toEqual([]);
  });

  it.each([
    ['ALTER TABLE thing DISABLE ROW LEVEL SECURITY', /must be owner/],
    ['ALTER TABLE thing NO FORCE ROW LEVEL SECURITY', /must be owner/],
    ['DROP POLICY tenant_isolation ON thing', /must be owner/],
    ['CREATE POLICY mine ON thing USING (true)', /must be owner/],
    ['ALTER ROLE CURRENT_USER BYPASSRLS', /permission denied/],
    ['TRUNCATE thing', /permission denied/],
    ['CREATE TABLE copy AS SELECT * FROM thing', /permission denied/],
    [`DELETE FROM migrations`, /permission denied/],
  ])('can not %s', async (sql, reason) => {
    await expect(client.query(sql)).rejects.toThrow(reason);
  });

  it('can not become the owner', async () => {
    await expect(client.query(`SET ROLE ${shop.test.name}_owner`)).rejects.toThrow(/permission denied/);
  });

  it('gets an error, not rows, when it asks for row-level security to be off', async () => {
    await client.query('SET row_security = off');
    await expect(client.query('SELECT * FROM thing')).rejects.toThrow(/row-level security/);
    await client.query('RESET row_security');
  });

  it('keeps the owner under the policy too', async () => {
    const owner = new pg.Client({ connectionString: shop.test.migrationUrl });
    await owner.connect();
    expect((await owner.query('SELECT * FROM thing')).rows).toEqual([]);
    await owner.end();
  });

  it('reaches its rows by an index that leads with the tenant', async () => {
    await shop.admin(
      `INSERT INTO thing SELECT 't' || t, 'n' || n, n FROM generate_series(1, 200) t, generate_series(1, 50) n`,
    );
    await shop.admin('ANALYZE thing');
    await client.query('BEGIN');
    await client.query(`SELECT set_config('myriad.tenant_id', 't7', true)`);
    const { rows } = await client.query<Record<string, string>>(`EXPLAIN SELECT * FROM thing WHERE name = 'n9'`);
    await client.query('ROLLBACK');
    const plan = rows.map((row) => Object.values(row)[0]).join('\n');
    expect(plan).toMatch(/Index (Only )?Scan using thing_pkey/);
    expect(plan).toMatch(/Index Cond:.*tenant_id/);
  });
});
