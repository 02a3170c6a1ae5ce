import {
  approvalDecidedV1,
  approvalVoidedV1,
  grantChangedV1,
  grantRequestedV1,
  registryRoutes as routes,
} from '@myriad/contracts';
import { digestOf } from '@myriad/kernel';
import { eventually } from '@myriad/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WorkLoop } from '../../src/application/work-loop.js';
import { RegistryApp } from '../registry-app.js';

describe('grants', () => {
  let app: RegistryApp;
  beforeAll(async () => {
    app = await RegistryApp.start();
  });
  afterAll(() => app.close());

  const get = async (tenant: string, grantId: string) =>
    app.harness.request(routes.getGrant, { tenant, params: { grantId } });

  async function request(tenant: string, expiresInHours = 24) {
    await app.dataset(tenant, 'flights');
    const body = { datasetName: 'flights', purpose: 'training', justification: 'delays', expiresInHours } as const;
    const principalId = 'usr_asks';
    return (await app.harness.request(routes.requestGrant, { tenant, principalId, body })).body;
  }

  async function decide(
    tenant: string,
    grant: { readonly grantId: string; readonly evidenceDigest: string },
    decision: 'approved' | 'rejected' = 'approved',
  ): Promise<void> {
    await app.harness.publish(approvalDecidedV1, tenant, {
      ...approvalDecidedV1.example,
      tenantId: tenant,
      subjectId: grant.grantId,
      evidenceDigest: grant.evidenceDigest as never,
      decision,
    });
  }

  const changes = async (grantId: string): Promise<readonly string[]> => {
    await app.harness.flush();
    return app.harness
      .eventsOf(grantChangedV1)
      .filter(({ data }) => data.grantId === grantId)
      .map(({ data }) => data.status);
  };

  it('are asked for, announced with the digest of the request, and decided once however often it is told', async () => {
    const grant = await request('aa');
    expect(grant).toMatchObject({ status: 'pending', principalId: 'usr_asks', requestedBy: 'usr_asks' });
    const { data } = await app.harness.event(grantRequestedV1, { grantId: grant.grantId });
    expect(data).toMatchObject({ tenantId: 'aa', evidenceDigest: grant.evidenceDigest, expiresAt: grant.expiresAt });
    await decide('aa', grant);
    await decide('aa', grant);
    await decide('aa', grant, 'rejected');
    expect(await changes(grant.grantId)).toEqual(['active']);
    expect((await get('aa', grant.grantId)).body).toMatchObject({ status: 'active', decidedBy: 'usr_2' });
  });

  it('are shown to the tenant of the dataset only', async () => {
    const grant = await request('mine');
    const other = await get('theirs', grant.grantId);
    expect([other.status, other.problem.code]).toEqual([404, 'registry.grant_not_found']);
    const list = async (tenant: string, query = {}) =>
      (await app.harness.request(routes.listGrants, { tenant, query })).body.items.map(({ grantId }) => grantId);
    expect(await list('mine', { datasetName: 'flights', status: 'pending' })).toEqual([grant.grantId]);
    expect(await list('mine', { status: 'active' })).toEqual([]);
    expect(await list('theirs')).toEqual([]);
    const params = { grantId: grant.grantId };
    expect((await app.harness.request(routes.revokeGrant, { tenant: 'theirs', params })).status).toBe(404);
    await decide('theirs', grant);
    expect((await get('mine', grant.grantId)).body.status).toBe('pending');
  });

  it('are not moved by a decision on other evidence', async () => {
    const grant = await request('evidence');
    await decide('evidence', { ...grant, evidenceDigest: digestOf('what the approver saw') });
    expect((await get('evidence', grant.grantId)).body.status).toBe('pending');
    expect(await changes(grant.grantId)).toEqual([]);
  });

  it('have a digest of their own: another request is other evidence', async () => {
    const first = await request('digests');
    const body = { datasetName: 'flights', purpose: 'training', justification: 'delays' } as const;
    const second = (await app.harness.request(routes.requestGrant, { tenant: 'digests', body })).body;
    expect(second.evidenceDigest).not.toBe(first.evidenceDigest);
  });

  it('end as rejected when the second person says no, and when the approval is void', async () => {
    const refused = await request('no');
    await decide('no', refused, 'rejected');
    expect(await changes(refused.grantId)).toEqual(['rejected']);
    const grant = await request('void');
    const { grantId, evidenceDigest } = grant;
    const voided = { ...approvalVoidedV1.example, tenantId: 'void', subjectId: grantId };
    await app.harness.publish(approvalVoidedV1, 'void', { ...voided, evidenceDigest: digestOf('other') });
    expect((await get('void', grantId)).body.status).toBe('pending');
    await app.harness.publish(approvalVoidedV1, 'void', { ...voided, evidenceDigest });
    expect(await changes(grantId)).toEqual(['rejected']);
    await decide('void', grant);
    expect((await get('void', grantId)).body.status).toBe('rejected');
  });

  it('are revoked when the approval they were given by becomes void', async () => {
    const grant = await request('withdrawn');
    await decide('withdrawn', grant);
    const { grantId, evidenceDigest } = grant;
    const subject = { tenantId: 'withdrawn', subjectId: grantId, evidenceDigest, reason: 'withdrawn' } as const;
    await app.harness.publish(approvalVoidedV1, 'withdrawn', { ...approvalVoidedV1.example, ...subject });
    expect(await changes(grantId)).toEqual(['active', 'revoked']);
  });

  it('end by time, pending and active ones alike, once', async () => {
    const [active, pending] = [await request('time', 2), await request('waits', 2)];
    const later = await request('later', 4);
    await decide('time', active);
    app.clock.advance(2 * 3_600_000 - 1);
    app.harness.get(WorkLoop).wake();
    app.clock.advance(1);
    app.harness.get(WorkLoop).wake();
    await eventually(async () => {
      expect((await get('waits', pending.grantId)).body.status).toBe('expired');
      expect((await get('time', active.grantId)).body.status).toBe('expired');
    });
    expect(await changes(active.grantId)).toEqual(['active', 'expired']);
    expect(await changes(pending.grantId)).toEqual(['expired']);
    expect((await get('later', later.grantId)).body.status).toBe('pending');
  });

  it('are revoked at once, and not again', async () => {
    const grant = await request('revoke');
    await decide('revoke', grant);
    const revoke = () =>
      app.harness.request(routes.revokeGrant, { tenant: 'revoke', params: { grantId: grant.grantId } });
    expect((await revoke()).body.status).toBe('revoked');
    expect([(await revoke()).status, await changes(grant.grantId)]).toEqual([409, ['active', 'revoked']]);
  });

  it('are refused for a dataset that the tenant does not have', async () => {
    await app.dataset('has', 'hers');
    const body = { datasetName: 'hers', purpose: 'batch', justification: 'x' } as const;
    const answer = await app.harness.request(routes.requestGrant, { tenant: 'has-not', body });
    expect([answer.status, answer.problem.code]).toEqual([404, 'registry.dataset_not_found']);
  });
});
