import { stateMachine, type Digest, type PrincipalId } from '@myriad/kernel';
import { authProblem } from './auth-problem.js';

export type ApprovalKind = 'grant' | 'version-review' | 'promotion' | 'campaign';
export type ApprovalStatus = 'pending' | 'approved' | 'rejected' | 'void' | 'expired';
export type VoidReason = 'expired' | 'evidence-changed' | 'withdrawn';

/** A decision that a second person takes on evidence named by its digest. */
export interface Approval {
  readonly approvalId: string;
  readonly kind: ApprovalKind;
  /** The id of the object in the asking service. */
  readonly subjectId: string;
  readonly evidenceDigest: Digest;
  readonly summary: string;
  readonly requestedBy: PrincipalId;
  /** Who may not decide: who asked, and who gains by it. */
  readonly parties: readonly string[];
  readonly status: ApprovalStatus;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly decidedBy: PrincipalId | null;
  readonly decidedAt: Date | null;
  readonly comment: string | null;
}

/** A decision is final; only when what it was given for changes does an approval become void. */
export const approvalLifecycle = stateMachine<ApprovalStatus>('auth.approval', 'pending', {
  pending: ['approved', 'rejected', 'void', 'expired'],
  approved: ['void'],
  rejected: [],
  void: [],
  expired: [],
});

export interface Decision {
  readonly decision: 'approved' | 'rejected';
  /** The digest that was shown to the decider. */
  readonly evidenceDigest: Digest;
  readonly comment: string;
  readonly decider: { readonly id: PrincipalId; readonly kind: 'user' | 'service-account' | 'system' };
}

/**
 * The approval as decided.
 * @throws {ProblemError} `auth.own_request`, `auth.system_decides_nothing`, `auth.approval_expired`, `auth.evidence_changed`,
 * `auth.approval.invalid_transition`.
 */
export function decide(approval: Approval, decision: Decision, nowMs: number): Approval {
  const { decider } = decision;
  if (decider.kind === 'system')
    throw authProblem('forbidden', 'system_decides_nothing', 'the platform itself decides nothing: a person must');
  if (approval.parties.includes(decider.id))
    throw authProblem(
      'forbidden',
      'own_request',
      `${decider.id} asked for this or gains by it; someone else must decide (${approval.parties.join(', ')} can't)`,
    );
  const status = approvalLifecycle.move(approval.status, decision.decision);
  if (approval.expiresAt.getTime() <= nowMs)
    throw authProblem('gone', 'approval_expired', `it could be decided until ${approval.expiresAt.toISOString()}`);
  if (approval.evidenceDigest !== decision.evidenceDigest)
    throw authProblem(
      'conflict',
      'evidence_changed',
      `the decision is on ${decision.evidenceDigest}, but the approval is on ${approval.evidenceDigest}; look again`,
    );
  return { ...approval, status, decidedBy: decider.id, decidedAt: new Date(nowMs), comment: decision.comment };
}

/** The approval made void, or undefined when it does not count any more anyway. */
export function voided(approval: Approval, reason: VoidReason): Approval | undefined {
  const status = reason === 'expired' ? 'expired' : 'void';
  return approvalLifecycle.can(approval.status, status) ? { ...approval, status } : undefined;
}
