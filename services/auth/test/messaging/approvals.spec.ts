import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  approvalRequestedV1,
  authRoutes,
  grantRequestedV1,
  promotionRequestedV1,
  promotionSupersededV1,
  versionReviewRequestedV1,
} from '@myriad/contracts';
import { digestOf, newId, type Digest } from '@myriad/kernel';
import { eventually } from '@myriad/testing';
import { AuthApp } from '../auth-app.js';

const shown = digestOf('what the decider was shown');
const other = digestOf('something else');

describe('approvals', () => {
  let auth: AuthApp;
  let subjectId: string;
  beforeAll(async () => {
    auth = await AuthApp.start();
    for (const tenantId of ['aa', 'bb'])
      await auth.call(authRoutes.createTenant, { body: { tenantId, displayName: tenantId } });
  });
  afterAll(() => auth.close());
  beforeEach(() => {
    subjectId = newId('prm');
  });

  const inAnHour = (): string => new Date(auth.clock.nowMs() + 3_600_000).toISOString();
  const decider = { tid: 'aa', htid: 'aa', sub: 'usr_decider' };

  async function requestPromotion(evidenceDigest: Digest = shown): Promise<string> {
    const data = { tenantId: 'aa', promotionId: subjectId, kind: 'promotion' as const, evidenceDigest };
    const more = { summary: 'to production', requestedBy: 'usr_asks', expiresAt: inAnHour() };
    await auth.publishTwice(promotionRequestedV1, 'aa', { ...data, ...more });
    const { data: opened } = await auth.event('auth.approval-requested.v1', { subjectId, evidenceDigest });
    return opened['approvalId'] as string;
  }

  const decide = (approvalId: string, more: object = {}, as: object = {}) =>
    auth.call(authRoutes.decideApproval, {
      as: { ...decider, ...as },
      params: { approvalId },
      body: { decision: 'approved', evidenceDigest: shown, comment: 'looks right', ...more },
    });
  const statusOf = async (approvalId: string): Promise<string> =>
    (await auth.call(authRoutes.getApproval, { as: decider, params: { approvalId } })).body.status;

  it('are opened once by an event that comes twice, in its tenant alone', async () => {
    const approvalId = await requestPromotion();
    expect(
      auth.events.filter((e) => e.type === approvalRequestedV1.type && JSON.stringify(e).includes(subjectId)),
    ).toHaveLength(1);
    const list = (tid: string) => auth.call(authRoutes.listApprovals, { as: { tid }, query: { subjectId } });
    expect((await list('aa')).body.items).toEqual([expect.objectContaining({ approvalId, status: 'pending' })]);
    expect((await list('bb')).body.items).toEqual([]);
    expect((await auth.call(authRoutes.getApproval, { as: { tid: 'bb' }, params: { approvalId } })).status).toBe(404);
    expect((await decide(approvalId, {}, { tid: 'bb', htid: 'bb' })).body.code).toBe('auth.approval_not_found');
  });

  it('are opened for grants and unusual versions too', async () => {
    const common = { tenantId: 'aa', evidenceDigest: shown, requestedBy: 'usr_asks', expiresAt: inAnHour() };
    await auth.publishTwice(grantRequestedV1, 'aa', {
      ...grantRequestedV1.example,
      ...common,
      grantId: subjectId,
      principalId: 'svc_gains',
    });
    const { data: grant } = await auth.event('auth.approval-requested.v1', { subjectId, kind: 'grant' });
    expect(grant['summary']).toContain('flights');
    expect((await decide(grant['approvalId'] as string, {}, { sub: 'svc_gains' })).body.code).toBe('auth.own_request');
    const versionId = newId('ver');
    await auth.publishTwice(versionReviewRequestedV1, 'aa', {
      ...versionReviewRequestedV1.example,
      ...common,
      versionId,
    });
    await auth.event('auth.approval-requested.v1', { subjectId: versionId, kind: 'version-review' });
  });

  it('are decided by a second person, who sees the decision announced', async () => {
    const approvalId = await requestPromotion();
    expect(await decide(approvalId)).toMatchObject({
      status: 200,
      body: { status: 'approved', decidedBy: 'usr_decider', comment: 'looks right' },
    });
    expect((await auth.event('auth.approval-decided.v1', { approvalId })).data).toMatchObject({
      kind: 'promotion',
      subjectId,
      decision: 'approved',
      evidenceDigest: shown,
      requestedBy: 'usr_asks',
      decidedBy: 'usr_decider',
    });
  });

  it('are never decided by who asked, under whatever key, nor by the platform itself', async () => {
    const approvalId = await requestPromotion();
    expect(await decide(approvalId, {}, { sub: 'usr_asks' })).toMatchObject({
      status: 403,
      body: { code: 'auth.own_request' },
    });
    expect(await decide(approvalId, {}, { sub: 'usr_asks', tid: 'aa', htid: 'platform' })).toMatchObject({
      status: 403,
    });
    expect(await decide(approvalId, {}, { sub: 'sys_evaluator', knd: 'system' })).toMatchObject({
      status: 403,
      body: { code: 'auth.system_decides_nothing' },
    });
    expect((await decide(approvalId, {}, { perms: ['approvals:read'] })).body.code).toBe('http.permission_missing');
    expect(await statusOf(approvalId)).toBe('pending');
  });

  it('are refused to who was shown other evidence', async () => {
    const approvalId = await requestPromotion();
    expect(await decide(approvalId, { evidenceDigest: other })).toMatchObject({
      status: 409,
      body: { code: 'auth.evidence_changed' },
    });
    expect(await statusOf(approvalId)).toBe('pending');
  });

  it('become void when evidence changes, and a new one is asked for', async () => {
    const before = await requestPromotion(shown);
    const after = await requestPromotion(other);
    expect(after).not.toBe(before);
    expect((await auth.event('auth.approval-voided.v1', { approvalId: before })).data['reason']).toBe(
      'evidence-changed',
    );
    expect((await decide(before)).body.code).toBe('auth.approval.invalid_transition');
    expect((await decide(after, { evidenceDigest: other })).status).toBe(200);
  });

  it('become void when they are superseded, even after they were given', async () => {
    const approvalId = await requestPromotion();
    await decide(approvalId);
    const data = { tenantId: 'aa', promotionId: subjectId, kind: 'promotion' as const, evidenceDigest: shown };
    await auth.publishTwice(promotionSupersededV1, 'aa', { ...data, reason: 'withdrawn' });
    expect((await auth.event('auth.approval-voided.v1', { approvalId })).data).toMatchObject({ reason: 'withdrawn' });
    expect(await statusOf(approvalId)).toBe('void');
    expect(await decide(approvalId)).toMatchObject({
      status: 409,
      body: { code: 'auth.approval.invalid_transition' },
    });
  });

  it('are decided once, whatever two deciders do at the same moment', async () => {
    const approvalId = await requestPromotion();
    const answers = await Promise.all([
      decide(approvalId),
      decide(approvalId, { decision: 'rejected' }, { sub: 'usr_third' }),
    ]);
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 409]);
    await auth.event('auth.approval-decided.v1', { approvalId });
    await auth.relay.flush();
    const decided = auth.events.filter(
      (e) => e.type === 'auth.approval-decided.v1' && (e.data as { approvalId: string }).approvalId === approvalId,
    );
    expect(decided).toHaveLength(1);
  });

  it('expire when nobody decides in time', async () => {
    const approvalId = await requestPromotion();
    auth.clock.advance(3_600_000);
    const late = await decide(approvalId);
    expect(['auth.approval_expired', 'auth.approval.invalid_transition']).toContain(late.body.code);
    await eventually(async () => {
      auth.clock.advance(5000);
      expect(await statusOf(approvalId)).toBe('expired');
    });
    expect((await auth.event('auth.approval-voided.v1', { approvalId })).data['reason']).toBe('expired');
  });

  it('refuse a decision whose time is over, before any sweep', async () => {
    const data = { tenantId: 'aa', promotionId: subjectId, kind: 'promotion' as const, evidenceDigest: shown };
    const more = { summary: 'late', requestedBy: 'usr_asks', expiresAt: new Date(auth.clock.nowMs()).toISOString() };
    await auth.publishTwice(promotionRequestedV1, 'aa', { ...data, ...more });
    const { data: opened } = await auth.event('auth.approval-requested.v1', { subjectId });
    expect(await decide(opened['approvalId'] as string)).toMatchObject({
      status: 410,
      body: { code: 'auth.approval_expired' },
    });
  });
});
