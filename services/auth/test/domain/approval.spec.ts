import { describe, expect, it } from '@jest/globals';
import { digestOf, type PrincipalId } from '@myriad/kernel';
import { approvalLifecycle, decide, voided, type Approval, type ApprovalStatus } from '../../src/domain/approval.js';

const NOW = Date.UTC(2026, 0, 1);
const evidenceDigest = digestOf('evidence');
const approval = (more: Partial<Approval> = {}): Approval => ({
  approvalId: 'apr_1',
  kind: 'grant',
  subjectId: 'grt_1',
  evidenceDigest,
  summary: 'use flights',
  requestedBy: 'usr_asks' as PrincipalId,
  parties: ['usr_asks', 'svc_gains'],
  status: 'pending',
  createdAt: new Date(NOW),
  expiresAt: new Date(NOW + 1000),
  decidedBy: null,
  decidedAt: null,
  comment: null,
  ...more,
});
const by = (id: string, kind: 'user' | 'service-account' | 'system' = 'user') => ({
  decision: 'approved' as const,
  evidenceDigest,
  comment: 'ok',
  decider: { id: id as PrincipalId, kind },
});

interface Refusal {
  who: string;
  decision?: ReturnType<typeof by>;
  status?: ApprovalStatus;
  nowMs?: number;
  code: string;
}

describe('decide', () => {
  it('records who decided, when and why', () => {
    expect(decide(approval(), by('usr_other'), NOW)).toMatchObject({
      status: 'approved',
      decidedBy: 'usr_other',
      decidedAt: new Date(NOW),
      comment: 'ok',
    });
  });

  it.each<Refusal>([
    { who: 'who asked', decision: by('usr_asks'), code: 'auth.own_request' },
    { who: 'who gains by it', decision: by('svc_gains'), code: 'auth.own_request' },
    { who: 'the platform itself', decision: by('sys_evaluator', 'system'), code: 'auth.system_decides_nothing' },
    { who: 'anyone once it is over', nowMs: NOW + 1000, code: 'auth.approval_expired' },
    {
      who: 'anyone who was shown other evidence',
      decision: { ...by('usr_other'), evidenceDigest: digestOf('older') },
      code: 'auth.evidence_changed',
    },
    { who: 'anyone a second time', status: 'approved', code: 'auth.approval.invalid_transition' },
    { who: 'anyone once it is void', status: 'void', code: 'auth.approval.invalid_transition' },
  ])('refuses $who', ({ decision = by('usr_other'), status = 'pending', nowMs = NOW, code }) => {
    expect(() => decide(approval({ status }), decision, nowMs)).toThrow(expect.objectContaining({ code }));
  });
});

describe('voided', () => {
  it('ends a pending and a given approval, and leaves the others as they are', () => {
    const outcome = (status: ApprovalStatus): ApprovalStatus | undefined =>
      voided(approval({ status }), 'evidence-changed')?.status;
    expect(approvalLifecycle.states.map((status) => [status, outcome(status)])).toEqual([
      ['pending', 'void'],
      ['approved', 'void'],
      ['rejected', undefined],
      ['void', undefined],
      ['expired', undefined],
    ]);
  });

  it('expires only what is pending', () => {
    expect(voided(approval(), 'expired')?.status).toBe('expired');
    expect(voided(approval({ status: 'approved' }), 'expired')).toBeUndefined();
  });
});
