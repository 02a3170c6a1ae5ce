import type { Digest } from '@myriad/kernel';
import type { Member } from './campaign.js';
import type { Outcome } from './verdict.js';

/** What is known of one tenant's run within a fleet run. */
export interface RunFacts {
  readonly tenantId: string;
  readonly modelName: string;
  readonly outcome: 'succeeded' | 'inconclusive' | 'failed';
  readonly reason: string;
  /** The version that came of the run; null while the registry has not said. */
  readonly version: {
    readonly version: number;
    readonly versionId: string;
    readonly artifactDigest: Digest;
    readonly admission: 'admitted' | 'rejected';
    readonly reason: string;
  } | null;
  /** The newest evaluation of that version. */
  readonly evaluation: {
    readonly status: 'queued' | 'running' | 'completed' | 'failed';
    readonly verdict: Outcome | null;
    readonly reason: string;
    readonly evidenceDigest: Digest | null;
    readonly metric: Member['metric'];
  } | null;
}

/** A run as a member of the campaign: included when its version passed, held back with the reason when not. */
export function memberOf(run: RunFacts): Member {
  const { version } = run;
  const blank: Member = {
    tenantId: run.tenantId,
    modelName: run.modelName,
    version: version?.version ?? null,
    versionId: version?.versionId ?? null,
    artifactDigest: version?.artifactDigest ?? null,
    evidenceDigest: null,
    included: false,
    verdict: null,
    metric: null,
    state: 'held-back',
    environment: null,
    reason: '',
  };
  return { ...blank, ...(run.outcome === 'succeeded' ? admittedPart(run) : untrainedPart(run)) };
}

function untrainedPart(run: RunFacts): Partial<Member> {
  if (run.outcome === 'inconclusive') return { verdict: 'inconclusive', reason: `training: ${run.reason}` };
  return { reason: `training failed: ${run.reason}` };
}

function admittedPart({ version, evaluation }: RunFacts): Partial<Member> {
  if (version === null) return { state: 'evaluating', reason: 'waiting for admission' };
  if (version.admission === 'rejected') return { reason: `not admitted: ${version.reason}` };
  if (evaluation?.status !== 'completed' && evaluation?.status !== 'failed')
    return { state: 'evaluating', reason: 'waiting for its evaluation' };
  const { verdict, evidenceDigest, metric, reason } = evaluation;
  const passed = evaluation.status === 'completed' && verdict === 'pass';
  return { verdict, evidenceDigest, metric, reason, included: passed, state: passed ? 'waiting' : 'held-back' };
}

/** Members in a stable order, whatever order the runs are told in. */
export function membersOf(runs: readonly RunFacts[]): readonly Member[] {
  return runs
    .map(memberOf)
    .sort((a, b) =>
      a.tenantId === b.tenantId ? (a.modelName < b.modelName ? -1 : 1) : a.tenantId < b.tenantId ? -1 : 1,
    );
}
