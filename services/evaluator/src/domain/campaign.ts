import { type Digest, digestOf, digestOfJson, stateMachine } from '@myriad/kernel';
import type { MetricName } from './metrics.js';
import type { Outcome } from './verdict.js';

export const ENVIRONMENTS = ['research', 'applied-science', 'engineering', 'production'] as const;
export type EnvironmentName = (typeof ENVIRONMENTS)[number];

export type CampaignStatus =
  'collecting' | 'awaiting-approval' | 'approved' | 'rolling-out' | 'completed' | 'halted' | 'rejected' | 'cancelled';

/** From collecting evidence to live everywhere; a void approval leads back to collecting. */
export const campaignLifecycle = stateMachine<CampaignStatus>('evaluator.campaign', 'collecting', {
  collecting: ['awaiting-approval', 'cancelled'],
  'awaiting-approval': ['approved', 'rejected', 'collecting', 'cancelled'],
  approved: ['rolling-out', 'cancelled'],
  'rolling-out': ['completed', 'halted', 'cancelled'],
  completed: [],
  halted: [],
  rejected: [],
  cancelled: [],
});

export type MemberState = 'evaluating' | 'held-back' | 'waiting' | 'rolling-out' | 'live' | 'failed';

/** One tenant's model in a campaign. */
export interface Member {
  readonly tenantId: string;
  readonly modelName: string;
  readonly version: number | null;
  readonly versionId: string | null;
  readonly artifactDigest: Digest | null;
  readonly evidenceDigest: Digest | null;
  readonly included: boolean;
  readonly verdict: Outcome | null;
  readonly metric: {
    readonly name: MetricName;
    readonly value: number;
    readonly low: number;
    readonly high: number;
    readonly rows: number;
  } | null;
  readonly state: MemberState;
  /** The furthest environment in which it answers. */
  readonly environment: EnvironmentName | null;
  readonly reason: string;
}

/** Where the roll-out stands: indexes into `environments` and `waves`. */
export interface Position {
  readonly environment: number;
  readonly wave: number;
}

/** One decision for a whole fleet run: evidence collected, approved once, rolled out in waves. */
export interface Campaign {
  readonly campaignId: string;
  readonly application: string;
  readonly fleetRunId: string;
  readonly environments: readonly EnvironmentName[];
  /** Growing percentages of the included members; the last is 100. */
  readonly waves: readonly number[];
  readonly status: CampaignStatus;
  readonly reason: string;
  readonly evidenceDigest: Digest | null;
  readonly approvalId: string | null;
  readonly approvedBy: string | null;
  readonly position: Position;
  readonly members: readonly Member[];
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly completedAt: Date | null;
}

/** Whether the members' verdicts are all there. */
export function isCollected(campaign: Campaign): boolean {
  return campaign.members.length > 0 && campaign.members.every((member) => member.state !== 'evaluating');
}

/** What the approver decides on: which versions, on which evidence, go where and how. */
export function campaignEvidence(campaign: Campaign): Record<string, unknown> {
  return {
    kind: 'campaign',
    campaignId: campaign.campaignId,
    application: campaign.application,
    fleetRunId: campaign.fleetRunId,
    environments: campaign.environments,
    waves: campaign.waves,
    members: campaign.members.map(
      ({ tenantId, modelName, version, artifactDigest, evidenceDigest, included, verdict, metric }) => ({
        tenantId,
        modelName,
        version,
        artifactDigest,
        evidenceDigest,
        included,
        verdict,
        metric,
      }),
    ),
  };
}

export function campaignEvidenceDigest(campaign: Campaign): Digest {
  return digestOfJson(campaignEvidence(campaign));
}

/** The promotion of one member in one environment; the same every time it is asked for. */
export function memberPromotionId(
  campaign: Pick<Campaign, 'campaignId'>,
  member: Pick<Member, 'tenantId' | 'modelName'>,
  environment: EnvironmentName,
): string {
  return `prm_${digestOf(`${campaign.campaignId}/${environment}/${member.tenantId}/${member.modelName}`).slice(7, 39)}`;
}

/** Why the waves can't be used, if they can't. */
export function wavesFault(waves: readonly number[]): string | undefined {
  if (waves.at(-1) !== 100) return `the last wave is ${waves.at(-1) ?? 'missing'} %; it must be 100`;
  return waves.some((wave, at) => at > 0 && wave <= (waves[at - 1] ?? 0))
    ? `waves ${waves.join(', ')} don't grow`
    : undefined;
}

/** The included members of a wave and of all waves before it, in the campaign's order. */
export function waveMembers(campaign: Campaign, wave: number): readonly Member[] {
  const included = campaign.members.filter((member) => member.included);
  return included.slice(0, Math.ceil((included.length * (campaign.waves[wave] ?? 100)) / 100));
}
