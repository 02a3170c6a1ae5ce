import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { aliasMovedV1, authRoutes, requestAuditedV1, rolloutChangedV1 } from '@myriad/contracts';
import { Client } from 'pg';
import { AuthApp } from '../auth-app.js';

describe('the audit chain', () => {
  let auth: AuthApp;
  beforeAll(async () => {
    auth = await AuthApp.start();
  });
  afterAll(() => auth.close());

  async function tenant(tenantId: string, principals = 0): Promise<void> {
    await auth.call(authRoutes.createTenant, { body: { tenantId, displayName: tenantId } });
    for (let i = 0; i < principals; i += 1)
      await auth.call(authRoutes.createPrincipal, { as: { tid: tenantId }, body: { kind: 'user', name: `p${i}` } });
  }
  const list = async (tid: string, query: Record<string, string> = {}) =>
    (await auth.call(authRoutes.listAudit, { as: { tid }, query })).body;
  const verify = async (tid: string) => (await auth.call(authRoutes.verifyAudit, { as: { tid } })).body;

  async function asSuperuser(...statements: string[]): Promise<void> {
    const client = new Client({ connectionString: auth.testDatabase.adminUrl });
    await client.connect();
    for (const statement of statements) await client.query(statement);
    await client.end();
  }

  it("holds a tenant's own changes, newest first, and none of another's", async () => {
    await tenant('aa', 2);
    await tenant('bb');
    const { items } = await list('aa');
    expect(items.map((record) => [record.seq, record.action])).toEqual([
      [3, 'principal.created'],
      [2, 'principal.created'],
      [1, 'tenant.created'],
    ]);
    expect(items[0]).toMatchObject({ tenantId: 'aa', actor: auth.administrator, previousHash: items[1]!.hash });
    expect((await list('bb')).items.map((record) => record.action)).toEqual(['tenant.created']);
    expect(await verify('aa')).toEqual({ valid: true, records: 3, headHash: items[0]!.hash, broken: null });
  });

  it('is read page by page and by who, what and on what', async () => {
    await tenant('cc', 3);
    const first = await list('cc', { pageSize: '3' });
    const second = await list('cc', { pageSize: '3', pageToken: first.nextPageToken! });
    expect([...first.items, ...second.items].map((record) => record.seq)).toEqual([4, 3, 2, 1]);
    expect(second.nextPageToken).toBeUndefined();
    expect((await list('cc', { action: 'tenant.created' })).items).toHaveLength(1);
    expect((await list('cc', { actor: 'nobody' })).items).toHaveLength(0);
    expect((await list('cc', { object: 'cc' })).items).toHaveLength(1);
  });

  it('takes in what happened elsewhere, once, though it is told twice', async () => {
    await tenant('dd');
    await auth.publishTwice(requestAuditedV1, 'dd', { ...requestAuditedV1.example, tenantId: 'dd' });
    await auth.publishTwice(aliasMovedV1, 'dd', { ...aliasMovedV1.example, tenantId: 'dd' });
    await auth.publishTwice(rolloutChangedV1, 'dd', { ...rolloutChangedV1.example, tenantId: 'dd' });
    const { items } = await list('dd');
    expect(items.map((record) => record.action)).toEqual([
      'rollout.completed',
      'alias.moved',
      'request',
      'tenant.created',
    ]);
    expect(items[2]).toMatchObject({ actor: 'svc_1', object: 'POST /v1/datasets', details: { status: 201, count: 1 } });
    expect((await verify('dd')).valid).toBe(true);
  });

  it('stays whole when many write at once', async () => {
    await tenant('ee');
    const body = { kind: 'user', name: 'many' };
    await Promise.all(
      Array.from({ length: 20 }, () => auth.call(authRoutes.createPrincipal, { as: { tid: 'ee' }, body })),
    );
    expect(await verify('ee')).toMatchObject({ valid: true, records: 21 });
  });

  it.each(['UPDATE audit_record SET actor = actor', 'DELETE FROM audit_record', 'DELETE FROM audit_head'])(
    'refuses "%s", to the service and to the owner of the tables',
    async (statement) => {
      await tenant('ff');
      for (const connectionString of [auth.testDatabase.url, auth.testDatabase.migrationUrl]) {
        const client = new Client({ connectionString });
        await client.connect();
        await client.query(`SELECT set_config('myriad.tenant_id', '*', false)`);
        await expect(client.query(statement)).rejects.toThrow('append-only');
        await client.end();
      }
      expect((await verify('ff')).valid).toBe(true);
    },
  );

  it.each([
    ['changed', `UPDATE audit_record SET details = '{}' WHERE tenant_id = 'T' AND seq = 2`, 2],
    ['ascribed to another', `UPDATE audit_record SET actor = 'usr_x' WHERE tenant_id = 'T' AND seq = 3`, 3],
    ['removed', `DELETE FROM audit_record WHERE tenant_id = 'T' AND seq = 2`, 2],
    ['cut off at the end', `DELETE FROM audit_record WHERE tenant_id = 'T' AND seq = 4`, 4],
  ])('names the first record that was %s behind its back', async (name, statement, seq) => {
    const tenantId = `gg-${name.replaceAll(' ', '-')}`;
    await tenant(tenantId, 3);
    await asSuperuser(
      'ALTER TABLE audit_record DISABLE TRIGGER audit_record_append_only',
      statement.replace("'T'", `'${tenantId}'`),
      'ALTER TABLE audit_record ENABLE TRIGGER audit_record_append_only',
    );
    expect(await verify(tenantId)).toMatchObject({ valid: false, records: seq - 1, broken: { seq } });
  });
});
