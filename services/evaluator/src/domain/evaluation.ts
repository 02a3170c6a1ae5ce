import { type Digest, stateMachine } from '@myriad/kernel';
import type { Check, Outcome, Verdict } from './verdict.js';

export type EvaluationStatus = 'queued' | 'running' | 'completed' | 'failed';

/** A run that broke off is queued again; a completed one is evidence and never changes. */
export const evaluationLifecycle = stateMachine<EvaluationStatus>('evaluator.evaluation', 'queued', {
  queued: ['running', 'completed'],
  running: ['running', 'completed', 'failed', 'queued'],
  completed: [],
  failed: [],
});

/** One run of a suite on a version. */
export interface Evaluation {
  readonly evaluationId: string;
  readonly modelName: string;
  readonly version: number;
  readonly versionId: string;
  readonly application: string | null;
  readonly suite: string;
  readonly suiteVersion: number;
  readonly status: EvaluationStatus;
  readonly attempt: number;
  readonly verdict: Outcome | null;
  readonly reason: string;
  readonly checks: readonly Check[];
  readonly metric: Verdict['metric'];
  readonly evidenceDigest: Digest | null;
  readonly createdAt: Date;
  readonly completedAt: Date | null;
}
