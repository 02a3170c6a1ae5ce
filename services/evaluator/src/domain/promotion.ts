import { type Digest, stateMachine } from '@myriad/kernel';
import type { EnvironmentName } from './campaign.js';

export type PromotionStatus =
  'awaiting-approval' | 'approved' | 'rolling-out' | 'completed' | 'failed' | 'rejected' | 'void';

/** A single version on its way into one environment. */
export const promotionLifecycle = stateMachine<PromotionStatus>('evaluator.promotion', 'awaiting-approval', {
  'awaiting-approval': ['approved', 'rejected', 'void'],
  approved: ['rolling-out'],
  'rolling-out': ['completed', 'failed'],
  completed: [],
  failed: [],
  rejected: [],
  void: [],
});

export interface Promotion {
  readonly promotionId: string;
  readonly modelName: string;
  readonly version: number;
  readonly versionId: string;
  readonly environment: EnvironmentName;
  readonly status: PromotionStatus;
  readonly reason: string;
  readonly evidenceDigest: Digest;
  readonly approvalId: string | null;
  readonly approvedBy: string | null;
  readonly requestedBy: string;
  readonly createdAt: Date;
  /** How it is tried before it takes over; null: it takes over at once. */
  readonly trial: { readonly mode: 'canary' | 'shadow'; readonly percent: number } | null;
}
