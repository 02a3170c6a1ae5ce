import { type Digest, assertNever } from '@myriad/kernel';
import {
  type Campaign,
  type EnvironmentName,
  type Member,
  campaignEvidenceDigest,
  campaignLifecycle,
  memberPromotionId,
  waveMembers,
} from './campaign.js';
import { type RunFacts, membersOf } from './collect.js';

/** What the other services have told so far. */
export interface CampaignFacts {
  readonly runs: readonly RunFacts[];
  /** Whether the fleet run has ended, so that no more runs come. */
  readonly isFleetRunEnded: boolean;
  readonly approval:
    | {
        readonly approvalId: string;
        readonly evidenceDigest: Digest;
        readonly status: 'pending' | 'approved' | 'rejected' | 'void';
        readonly decidedBy: string | null;
        readonly reason: string;
      }
    | undefined;
  /** Rollouts by promotion id. */
  readonly rollouts: ReadonlyMap<
    string,
    { readonly status: 'progressing' | 'completed' | 'failed' | 'rolled-back'; readonly reason: string }
  >;
}

/** What follows from an advance and must be told, in this order. */
export type CampaignAction =
  | { readonly do: 'supersede'; readonly evidenceDigest: Digest; readonly reason: 'evidence-changed' | 'withdrawn' }
  | {
      readonly do: 'promote';
      readonly member: Member;
      readonly environment: EnvironmentName;
      readonly promotionId: string;
    }
  | {
      readonly do: 'complete';
      readonly member: Member;
      readonly environment: EnvironmentName;
      readonly promotionId: string;
    };

export interface Advance {
  readonly campaign: Campaign;
  readonly actions: readonly CampaignAction[];
}

const unchanged = (campaign: Campaign): Advance => ({ campaign, actions: [] });

/** Takes the campaign as far as the facts allow. Asking again with the same facts changes nothing. */
export function advanceCampaign(campaign: Campaign, facts: CampaignFacts, nowMs: number): Advance {
  switch (campaign.status) {
    case 'collecting':
      return unchanged(collect(campaign, facts));
    case 'awaiting-approval':
      return awaitApproval(campaign, facts, nowMs);
    case 'approved':
      return rollOut({ ...campaign, status: campaignLifecycle.move('approved', 'rolling-out') }, facts, nowMs);
    case 'rolling-out':
      return rollOut(campaign, facts, nowMs);
    case 'halted':
    case 'cancelled':
      return settle(campaign, facts);
    case 'completed':
    case 'rejected':
      return unchanged(campaign);
    default:
      return assertNever(campaign.status);
  }
}

function collect(campaign: Campaign, facts: CampaignFacts): Campaign {
  const members = membersOf(facts.runs);
  const open = members.filter((member) => member.state === 'evaluating').length;
  const waiting = facts.isFleetRunEnded
    ? `${open} of ${members.length} still evaluating`
    : 'the fleet run has not ended';
  const isComplete = facts.isFleetRunEnded && open === 0;
  const ready = campaign.reason.startsWith(AGAIN) ? campaign.reason : 'all evidence is there; submit it for approval';
  return { ...campaign, members, reason: isComplete ? ready : waiting };
}

/** How the reason begins while a campaign that was submitted before collects once more. */
const AGAIN = 'submit it again';

function collectAgain(campaign: Campaign, facts: CampaignFacts, why: string): Campaign {
  const status = campaignLifecycle.move(campaign.status, 'collecting');
  return collect({ ...campaign, status, evidenceDigest: null, approvalId: null, reason: `${AGAIN}: ${why}` }, facts);
}

function awaitApproval(campaign: Campaign, facts: CampaignFacts, nowMs: number): Advance {
  const fresh = { ...campaign, members: membersOf(facts.runs) };
  const shown = campaign.evidenceDigest;
  if (shown !== null && campaignEvidenceDigest(fresh) !== shown) {
    const back = collectAgain(campaign, facts, 'the evidence changed after it was submitted');
    return { campaign: back, actions: [{ do: 'supersede', evidenceDigest: shown, reason: 'evidence-changed' }] };
  }
  const { approval } = facts;
  if (approval === undefined || approval.evidenceDigest !== shown) return unchanged(campaign);
  const known: Campaign = { ...campaign, approvalId: approval.approvalId };
  switch (approval.status) {
    case 'pending':
      return unchanged(known);
    case 'approved': {
      const approved: Campaign = {
        ...known,
        status: campaignLifecycle.move(known.status, 'approved'),
        approvedBy: approval.decidedBy,
        reason: `approved by ${approval.decidedBy ?? 'someone'}`,
      };
      return advanceCampaign(approved, facts, nowMs);
    }
    case 'rejected':
      return unchanged({
        ...known,
        status: campaignLifecycle.move(known.status, 'rejected'),
        reason: approval.reason,
        completedAt: new Date(nowMs),
      });
    case 'void':
      return unchanged(collectAgain(known, facts, `the approval is void: ${approval.reason}`));
    default:
      return assertNever(approval.status);
  }
}

function rollOut(campaign: Campaign, facts: CampaignFacts, nowMs: number): Advance {
  const actions: CampaignAction[] = [];
  let current = campaign;
  for (;;) {
    const environment = current.environments[current.position.environment];
    if (environment === undefined) return { campaign: finish(current, 'completed', 'live everywhere', nowMs), actions };
    const isLast = current.position.environment === current.environments.length - 1;
    const moved = new Map<string, Member>();
    for (const member of waveMembers(current, current.position.wave)) {
      const step = stepOf(current, member, { environment, isLast, facts });
      actions.push(...step.actions);
      moved.set(keyOf(member), step.member);
    }
    current = { ...current, members: current.members.map((member) => moved.get(keyOf(member)) ?? member) };
    const failed = [...moved.values()].filter((member) => member.state === 'failed');
    if (failed[0])
      return {
        campaign: finish(
          current,
          'halted',
          `${failed.length} failed in ${environment}; first: ${failed[0].tenantId}/${failed[0].modelName}: ${failed[0].reason}`,
          nowMs,
        ),
        actions,
      };
    if (![...moved.values()].every((member) => member.environment === environment)) {
      return {
        campaign: {
          ...current,
          reason: `${environment}, wave ${current.position.wave + 1} of ${current.waves.length}`,
        },
        actions,
      };
    }
    const { wave } = current.position;
    const position =
      wave + 1 < current.waves.length
        ? { environment: current.position.environment, wave: wave + 1 }
        : { environment: current.position.environment + 1, wave: 0 };
    current = { ...current, position };
  }
}

/** Nothing more is promoted, but what was on its way when the campaign ended arrives or fails all the same, and must be told. */
function settle(campaign: Campaign, facts: CampaignFacts): Advance {
  const { environment: at } = campaign.position;
  const environment = campaign.environments[at];
  if (environment === undefined) return unchanged(campaign);
  const isLast = at === campaign.environments.length - 1;
  const steps = campaign.members.map((member) =>
    member.state === 'rolling-out' ? stepOf(campaign, member, { environment, isLast, facts }) : { member, actions: [] },
  );
  const members = steps.map((step) => step.member);
  return { campaign: { ...campaign, members }, actions: steps.flatMap((step) => step.actions) };
}

const keyOf = (member: Member): string => `${member.tenantId}/${member.modelName}`;

function finish(campaign: Campaign, status: 'completed' | 'halted', reason: string, nowMs: number): Campaign {
  return { ...campaign, status: campaignLifecycle.move(campaign.status, status), reason, completedAt: new Date(nowMs) };
}

interface Step {
  readonly environment: EnvironmentName;
  readonly isLast: boolean;
  readonly facts: CampaignFacts;
}

/** One member in one environment: promoted once, then as its rollout says. */
function stepOf(
  campaign: Campaign,
  member: Member,
  { environment, isLast, facts }: Step,
): { member: Member; actions: readonly CampaignAction[] } {
  if (member.environment === environment || member.state === 'failed') return { member, actions: [] };
  const promotionId = memberPromotionId(campaign, member, environment);
  const rollout = facts.rollouts.get(promotionId);
  if (rollout === undefined || rollout.status === 'progressing') {
    const rolling: Member = { ...member, state: 'rolling-out', reason: `rolling out to ${environment}` };
    const isStarted = member.state === 'rolling-out' && member.reason === rolling.reason;
    return { member: rolling, actions: isStarted ? [] : [{ do: 'promote', member, environment, promotionId }] };
  }
  if (rollout.status !== 'completed')
    return { member: { ...member, state: 'failed', reason: `${environment}: ${rollout.reason}` }, actions: [] };
  const arrived: Member = {
    ...member,
    environment,
    state: isLast ? 'live' : 'waiting',
    reason: `answers in ${environment}`,
  };
  return { member: arrived, actions: isLast ? [{ do: 'complete', member: arrived, environment, promotionId }] : [] };
}
