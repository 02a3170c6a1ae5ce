import { type Digest, digestOf } from '@myriad/kernel';
import { type CampaignAction, type CampaignFacts, advanceCampaign } from '../../src/domain/advance-campaign.js';
import { type Campaign, campaignEvidenceDigest, campaignLifecycle } from '../../src/domain/campaign.js';
import type { RunFacts } from '../../src/domain/collect.js';

export const NOW_MS = Date.UTC(2026, 0, 2);

export function campaign(more: Partial<Campaign> = {}): Campaign {
  return {
    campaignId: 'cmp_1',
    application: 'flight-delay',
    fleetRunId: 'flt_1',
    environments: ['engineering', 'production'],
    waves: [100],
    status: 'collecting',
    reason: '',
    evidenceDigest: null,
    approvalId: null,
    approvedBy: null,
    position: { environment: 0, wave: 0 },
    members: [],
    createdBy: 'usr_1',
    createdAt: new Date(NOW_MS),
    completedAt: null,
    ...more,
  };
}

export type Ending = 'passed' | 'failed-suite' | 'rejected' | 'untrained' | 'inconclusive' | 'evaluating';

/** One tenant's run that ended so. */
export function run(tenantId: string, ending: Ending = 'passed'): RunFacts {
  const artifactDigest = digestOf(tenantId);
  const version = {
    version: 1,
    versionId: `ver_${tenantId}`,
    artifactDigest,
    admission: 'admitted' as const,
    reason: '',
  };
  const evaluation = {
    status: 'completed' as const,
    verdict: 'pass' as const,
    reason: 'all 2 checks passed',
    evidenceDigest: digestOf(`evidence of ${tenantId}`),
    metric: { name: 'auc' as const, value: 0.8, low: 0.7, high: 0.9, rows: 1000 },
  };
  const passed: RunFacts = {
    tenantId,
    modelName: 'flight-delay',
    outcome: 'succeeded',
    reason: '',
    version,
    evaluation,
  };
  switch (ending) {
    case 'passed':
      return passed;
    case 'failed-suite':
      return { ...passed, evaluation: { ...evaluation, verdict: 'fail', reason: '1 of 2 checks failed' } };
    case 'rejected':
      return { ...passed, version: { ...version, admission: 'rejected', reason: 'operator If' }, evaluation: null };
    case 'untrained':
      return { ...passed, outcome: 'failed', reason: 'out of memory', version: null, evaluation: null };
    case 'inconclusive':
      return { ...passed, outcome: 'inconclusive', reason: '12 rows', version: null, evaluation: null };
    case 'evaluating':
      return { ...passed, evaluation: null };
  }
}

export const facts = (runs: readonly RunFacts[], more: Partial<CampaignFacts> = {}): CampaignFacts => ({
  runs,
  isFleetRunEnded: true,
  approval: undefined,
  rollouts: new Map(),
  ...more,
});

export const approval = (
  evidenceDigest: Digest,
  status: NonNullable<CampaignFacts['approval']>['status'],
): NonNullable<CampaignFacts['approval']> => ({
  approvalId: 'apr_1',
  evidenceDigest,
  status,
  decidedBy: status === 'approved' ? 'usr_2' : null,
  reason: `${status} by usr_2`,
});

/** A campaign with these members, submitted. */
export function submitted(
  runs: readonly RunFacts[],
  more: Partial<Campaign> = {},
): Campaign & { evidenceDigest: Digest } {
  const collected = advanceCampaign(campaign(more), facts(runs), NOW_MS).campaign;
  return {
    ...collected,
    status: campaignLifecycle.move(collected.status, 'awaiting-approval'),
    evidenceDigest: campaignEvidenceDigest(collected),
  };
}

/** A campaign that was approved, with the facts that its roll-out goes on from. */
export function approved(
  runs: readonly RunFacts[],
  more: Partial<Campaign> = {},
): { before: Campaign; known: CampaignFacts } {
  const before = submitted(runs, more);
  return { before, known: facts(runs, { approval: approval(before.evidenceDigest, 'approved') }) };
}

/** The facts with rollouts that ended so. */
export function rolledOut(
  known: CampaignFacts,
  actions: readonly CampaignAction[],
  status: 'completed' | 'failed',
): CampaignFacts {
  const rollouts = new Map(known.rollouts);
  for (const action of actions)
    if (action.do === 'promote') rollouts.set(action.promotionId, { status, reason: `${status} by r0` });
  return { ...known, rollouts };
}

/** `promote engineering aa` and the like, in the order in which they are told. */
export const told = (actions: readonly CampaignAction[]): string[] =>
  actions.map((action) =>
    action.do === 'supersede'
      ? `supersede ${action.reason}`
      : `${action.do} ${action.environment} ${action.member.tenantId}`,
  );
