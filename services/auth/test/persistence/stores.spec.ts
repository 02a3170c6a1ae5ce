import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { digestOf, systemContext, tenantId, type PrincipalId } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import type { Approval } from '../../src/domain/approval.js';
import { nextRecord } from '../../src/domain/audit-record.js';
import type { Key } from '../../src/domain/key.js';
import type { Principal } from '../../src/domain/principal.js';
import { DEFAULT_RATE_LIMIT, type Tenant } from '../../src/domain/tenant.js';
import { PgApprovalStore } from '../../src/persistence/pg-approval.store.js';
import { PgAuditStore } from '../../src/persistence/pg-audit.store.js';
import { PgKeyStore } from '../../src/persistence/pg-key.store.js';
import { PgPrincipalStore } from '../../src/persistence/pg-principal.store.js';
import { PgTenantStore } from '../../src/persistence/pg-tenant.store.js';
import { AuthApp } from '../auth-app.js';

const [aa, bb] = [tenantId('aa'), tenantId('bb')];
const at = new Date('2026-01-01T00:00:00.000Z');
const usr = 'usr_1' as PrincipalId;
const page = { pageSize: 10 };

const tenant = (id: typeof aa): Tenant => ({
  tenantId: id,
  displayName: 'T',
  status: 'active',
  rateLimit: DEFAULT_RATE_LIMIT,
  generation: 1,
  createdAt: at,
});
const principal: Principal = {
  principalId: usr,
  kind: 'user',
  name: 'U',
  homeTenantId: aa,
  status: 'active',
  bindings: [{ role: 'viewer', tenantId: 'aa', environment: '*' }],
  groupBindings: [],
  generation: 1,
  createdAt: at,
};
const key: Key = {
  keyId: 'key_1',
  prefix: 'abcdefgh',
  hash: 'f'.repeat(64),
  principalId: usr,
  scopes: ['models:read'],
  expiresAt: at,
  revokedAt: null,
  createdBy: usr,
  createdAt: at,
};
const approval: Approval = {
  approvalId: 'apr_1',
  kind: 'grant',
  subjectId: 'grt_1',
  evidenceDigest: digestOf('x'),
  summary: 's',
  requestedBy: usr,
  parties: ['usr_1'],
  status: 'pending',
  createdAt: at,
  expiresAt: at,
  decidedBy: null,
  decidedAt: null,
  comment: null,
};

describe('stores', () => {
  let auth: AuthApp;
  const tenants = new PgTenantStore();
  const principals = new PgPrincipalStore();
  const keys = new PgKeyStore();
  const approvals = new PgApprovalStore();
  const audit = new PgAuditStore();
  const within = <T>(id: typeof aa, fn: (tx: Tx) => Promise<T>): Promise<T> =>
    auth.uow.run(systemContext('test', id), fn);

  beforeAll(async () => {
    auth = await AuthApp.start();
    await within(aa, async (tx) => {
      await tenants.insert(tx, tenant(aa));
      await principals.insert(tx, principal);
      await keys.insert(tx, key);
      await approvals.insert(tx, approval);
      await audit.append(
        tx,
        nextRecord(await audit.lockHead(tx), aa, { actor: usr, action: 'a', object: 'o', details: {} }, at),
      );
    });
    await within(bb, (tx) => tenants.insert(tx, tenant(bb)));
  });
  afterAll(() => auth.close());

  it('give back what was put in', async () => {
    await within(aa, async (tx) => {
      expect(await tenants.find(tx, aa)).toMatchObject(tenant(aa));
      expect(await principals.find(tx, usr)).toMatchObject(principal);
      expect(await keys.lock(tx, 'key_1')).toMatchObject(key);
      expect(await approvals.find(tx, 'apr_1')).toMatchObject(approval);
      expect(await audit.range(tx, 1, 1, 1)).toEqual([expect.objectContaining({ seq: 1, at: at.toISOString() })]);
    });
  });

  it("show and change nothing of another tenant's", async () => {
    await within(bb, async (tx) => {
      expect(await tenants.find(tx, aa)).toBeUndefined();
      expect((await tenants.list(tx, page)).items.map((row) => row.tenantId)).toEqual(['bb']);
      expect(await principals.find(tx, usr)).toBeUndefined();
      expect((await principals.list(tx, page)).items).toEqual([]);
      expect((await keys.list(tx, { ...page, prefix: 'abcd' })).items).toEqual([]);
      expect(await approvals.lock(tx, 'apr_1')).toBeUndefined();
      expect(await audit.head(tx)).toMatchObject({ seq: 0 });
      await tenants.update(tx, { ...tenant(aa), status: 'suspended' });
      await approvals.update(tx, { ...approval, status: 'approved' });
      await principals.update(tx, { ...principal, status: 'disabled' });
    });
    await within(aa, async (tx) => {
      expect((await tenants.find(tx, aa))?.status).toBe('active');
      expect((await approvals.find(tx, 'apr_1'))?.status).toBe('pending');
      expect((await principals.find(tx, usr))?.status).toBe('active');
    });
  });

  it('never write a row into another tenant', async () => {
    await expect(
      within(bb, (tx) => principals.insert(tx, { ...principal, principalId: 'usr_2' as PrincipalId })),
    ).rejects.toThrow('row-level security');
    await expect(within(bb, (tx) => tenants.insert(tx, tenant(tenantId('cc'))))).rejects.toThrow('row-level security');
  });

  it("refuse a key's prefix that any tenant has, without an error that says whose", async () => {
    await within(bb, async (tx) => {
      await principals.insert(tx, { ...principal, homeTenantId: bb });
      expect(await keys.insert(tx, { ...key, keyId: 'key_2' })).toBe(false);
    });
  });

  it('find what is due in every tenant only when they look across tenants', async () => {
    const due = (tx: Tx) => approvals.due(tx, at, 10);
    expect(await within(bb, due)).toEqual([]);
    expect(await auth.uow.runAcrossTenants('test', due)).toEqual([{ tenantId: 'aa', approvalId: 'apr_1' }]);
  });

  it('page by keys, each row once', async () => {
    await within(bb, async (tx) => {
      for (let i = 1; i <= 5; i += 1)
        await principals.insert(tx, { ...principal, homeTenantId: bb, principalId: `usr_b${i}` as PrincipalId });
    });
    const seen: string[] = [];
    let pageToken: string | undefined;
    do {
      const found = await within(bb, (tx) => principals.list(tx, { pageSize: 2, pageToken }));
      seen.push(...found.items.map((row) => row.principalId));
      pageToken = found.nextPageToken;
    } while (pageToken !== undefined);
    expect(seen).toEqual(['usr_1', 'usr_b1', 'usr_b2', 'usr_b3', 'usr_b4', 'usr_b5']);
    await expect(within(bb, (tx) => principals.list(tx, { pageSize: 2, pageToken: 'nonsense' }))).rejects.toThrow(
      'pageToken',
    );
  });
});
