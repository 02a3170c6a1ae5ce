import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { grantChangedV1 } from '@myriad/contracts';
import { type PrincipalId, type RequestContext, tenantId } from '@myriad/kernel';
import { Database, UnitOfWork, infrastructureMigration, tenantTable } from '@myriad/persistence';
import { type TestDatabase, createTestDatabase, testContext } from '@myriad/testing';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { GrantView } from '../src/index.js';

const NOW = new Date('2026-01-15T12:00:00.000Z');
const PRINCIPAL = 'usr_1' as PrincipalId;

class Grants1700000000001 implements MigrationInterface {
  readonly name = 'Grants1700000000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE TABLE grant_view (tenant_id text NOT NULL, grant_id text NOT NULL, dataset_name text NOT NULL, principal_id text NOT NULL, purpose text NOT NULL, status text NOT NULL, expires_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, grant_id))',
    );
    await tenantTable(runner, 'grant_view');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE grant_view');
  }
}

describe('GrantView', () => {
  const grants = new GrantView();
  let test: TestDatabase;
  let database: Database;
  let uow: UnitOfWork;
  beforeAll(async () => {
    test = await createTestDatabase({ service: 'grants' });
    const ignore = (): void => undefined;
    const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
    const migrations = [infrastructureMigration('grants'), Grants1700000000001];
    database = await Database.open({ ...test, entities: [], migrations, logger });
    uow = new UnitOfWork(database);
  });
  afterAll(async () => {
    await database.close();
    await test.drop();
  });

  /** The one principal, at home in one tenant and acting in another. */
  const acting = (tenant: string, home = tenant): RequestContext => {
    const ctx = testContext(tenant);
    return { ...ctx, principal: { ...ctx.principal, id: PRINCIPAL, homeTenantId: tenantId(home) } };
  };
  const told = (tenant: string, more: Partial<typeof grantChangedV1.example> = {}): Promise<void> =>
    uow.run(acting(tenant), (tx) => grants.save(tx, { ...grantChangedV1.example, tenantId: tenant, ...more }));
  const mayUse = (ctx: RequestContext, more: Partial<Parameters<GrantView['mayUse']>[2]> = {}): Promise<boolean> =>
    uow.run(ctx, (tx) =>
      grants.mayUse(tx, ctx, {
        tenantId: ctx.tenantId,
        datasetName: 'flights',
        purpose: 'training',
        now: NOW,
        ...more,
      }),
    );

  it('lets who is at home use everything, and a guest nothing', async () => {
    expect(await mayUse(acting('aa'))).toBe(true);
    expect(await mayUse(acting('aa', 'bb'))).toBe(false);
  });

  it('lets a guest use one dataset for one purpose, as long as the grant is active', async () => {
    const guest = acting('cc', 'bb');
    await told('cc');
    expect(await mayUse(guest)).toBe(true);
    expect(await mayUse(guest, { purpose: 'batch' })).toBe(false);
    expect(await mayUse(guest, { datasetName: 'other' })).toBe(false);
    expect(await mayUse(guest, { now: new Date('2026-01-31T12:00:00.000Z') })).toBe(false);
    await told('cc', { status: 'revoked' });
    expect(await mayUse(guest)).toBe(false);
  });

  it("takes no other principal's grant, and no other tenant's", async () => {
    await told('dd', { principalId: 'usr_2' });
    await told('bb');
    expect(await mayUse(acting('dd', 'bb'))).toBe(false);
    expect(await mayUse(acting('dd', 'cc'), { tenantId: 'bb' })).toBe(false);
  });
});
