import { type Digest, digestOfJson, stateMachine } from '@myriad/kernel';

export type GrantStatus = 'pending' | 'active' | 'rejected' | 'expired' | 'revoked';
export type Purpose = 'training' | 'evaluation' | 'batch';

/** A request is decided by a second person; an active grant ends by time or by revocation. */
export const grantLifecycle = stateMachine<GrantStatus>('registry.grant', 'pending', {
  pending: ['active', 'rejected', 'expired', 'revoked'],
  active: ['expired', 'revoked'],
  rejected: [],
  expired: [],
  revoked: [],
});

/** The right of a principal to use a dataset for a purpose, for a while. */
export interface Grant {
  readonly grantId: string;
  readonly datasetName: string;
  readonly principalId: string;
  readonly purpose: Purpose;
  readonly justification: string;
  readonly status: GrantStatus;
  /** What the approver decides on. */
  readonly evidenceDigest: Digest;
  readonly requestedBy: string;
  readonly requestedAt: Date;
  readonly expiresAt: Date;
  readonly decidedBy: string | null;
}

/** The digest of the request itself. */
export function grantEvidenceDigest(
  tenantId: string,
  grant: Omit<Grant, 'evidenceDigest' | 'status' | 'decidedBy' | 'requestedAt' | 'expiresAt'> & {
    readonly expiresAt: Date;
  },
): Digest {
  const { grantId, datasetName, principalId, purpose, justification, requestedBy, expiresAt } = grant;
  return digestOfJson({
    kind: 'grant',
    tenantId,
    grantId,
    datasetName,
    principalId,
    purpose,
    justification,
    requestedBy,
    expiresAt: expiresAt.toISOString(),
  });
}
