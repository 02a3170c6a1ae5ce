import { campaignChangedV1, promotionRequestedV1, promotionSupersededV1 } from '@myriad/contracts';
import { type Clock, PLATFORM_TENANT, type RequestContext, newId } from '@myriad/kernel';
import { type Tx, UnitOfWork } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import {
  type Campaign,
  type EnvironmentName,
  campaignEvidence,
  campaignEvidenceDigest,
  campaignLifecycle,
  isCollected,
  wavesFault,
} from '../domain/campaign.js';
import { evaluatorProblem } from '../domain/evaluator-problem.js';
import {
  CAMPAIGN_STORE,
  CLOCK,
  type CampaignStore,
  EVIDENCE_VAULT,
  type EvidenceVault,
  VIEW_STORE,
  type ViewStore,
} from './ports.js';

const APPROVAL_DAYS = 7;

export interface CampaignOrder {
  readonly application: string;
  readonly fleetRunId: string;
  readonly environments: readonly EnvironmentName[];
  readonly waves: readonly number[];
}

/** Makes campaigns, submits them for approval, and cancels them. */
@Injectable()
export class ManageCampaign {
  constructor(
    private readonly work: UnitOfWork,
    @Inject(CAMPAIGN_STORE) private readonly campaigns: CampaignStore,
    @Inject(VIEW_STORE) private readonly views: ViewStore,
    @Inject(EVIDENCE_VAULT) private readonly vault: EvidenceVault,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws {ProblemError} `evaluator.fleet_run_not_found`, `evaluator.waves_invalid`. */
  async create(ctx: RequestContext, order: CampaignOrder): Promise<Campaign> {
    const fault = wavesFault(order.waves);
    if (fault !== undefined)
      throw evaluatorProblem('invalid', 'waves_invalid', fault, { errors: [{ pointer: '/waves', detail: fault }] });
    if (new Set(order.environments).size !== order.environments.length)
      throw evaluatorProblem('invalid', 'waves_invalid', 'an environment is named twice', {
        errors: [{ pointer: '/environments', detail: order.environments.join(', ') }],
      });
    return this.work.run(ctx, async (tx) => {
      const fleetRun = await this.views.findFleetRun(tx, order.fleetRunId);
      if (fleetRun?.application !== order.application)
        throw evaluatorProblem(
          'not-found',
          'fleet_run_not_found',
          `there is no fleet run '${order.fleetRunId}' of '${order.application}'`,
        );
      const campaign: Campaign = {
        ...order,
        campaignId: newId('cmp', this.clock),
        status: 'collecting',
        reason: 'collecting evidence',
        evidenceDigest: null,
        approvalId: null,
        approvedBy: null,
        position: { environment: 0, wave: 0 },
        members: [],
        createdBy: ctx.principal.id,
        createdAt: new Date(this.clock.nowMs()),
        completedAt: null,
      };
      await this.campaigns.insert(tx, campaign);
      await announceCampaign(tx, campaign);
      return campaign;
    });
  }

  /** Freezes the evidence and asks a second person. @throws {ProblemError} `evaluator.campaign_not_found`, `evaluator.campaign_incomplete`, `evaluator.campaign_empty`. */
  async submit(ctx: RequestContext, campaignId: string): Promise<Campaign> {
    const seen = await this.find(ctx, campaignId);
    const evidenceDigest = await this.vault.keep(ctx.tenantId, campaignEvidence(seen));
    return this.work.run(ctx, async (tx) => {
      const campaign = await this.locked(tx, campaignId);
      const status = campaignLifecycle.move(campaign.status, 'awaiting-approval');
      const fleetRun = await this.views.findFleetRun(tx, campaign.fleetRunId);
      const isComplete = fleetRun?.isEnded === true && campaign.members.length >= fleetRun.total;
      if (!isComplete || !isCollected(campaign) || campaignEvidenceDigest(campaign) !== evidenceDigest)
        throw evaluatorProblem('conflict', 'campaign_incomplete', `campaign ${campaignId}: ${campaign.reason}`);
      const included = campaign.members.filter((member) => member.included).length;
      if (included === 0)
        throw evaluatorProblem(
          'conflict',
          'campaign_empty',
          `no member of campaign ${campaignId} passed; there is nothing to approve`,
        );
      const submitted: Campaign = { ...campaign, status, evidenceDigest, reason: 'waiting for a second person' };
      await this.campaigns.save(tx, submitted);
      await tx.emit(promotionRequestedV1, {
        tenantId: tx.tenantId,
        promotionId: campaignId,
        kind: 'campaign',
        evidenceDigest,
        summary: `${included} of ${campaign.members.length} models of ${campaign.application} to ${campaign.environments.join(', then ')}`,
        requestedBy: ctx.principal.id,
        expiresAt: new Date(this.clock.nowMs() + APPROVAL_DAYS * 86_400_000).toISOString(),
      });
      await announceCampaign(tx, submitted);
      return submitted;
    });
  }

  /** Ends it; what is live stays live. @throws {ProblemError} `evaluator.campaign_not_found`, `evaluator.campaign.invalid_transition`. */
  async cancel(ctx: RequestContext, campaignId: string): Promise<Campaign> {
    return this.work.run(ctx, async (tx) => {
      const campaign = await this.locked(tx, campaignId);
      const status = campaignLifecycle.move(campaign.status, 'cancelled');
      const cancelled: Campaign = {
        ...campaign,
        status,
        reason: `cancelled by ${ctx.principal.id}`,
        completedAt: new Date(this.clock.nowMs()),
      };
      await this.campaigns.save(tx, cancelled);
      if (campaign.evidenceDigest !== null)
        await tx.emit(promotionSupersededV1, {
          tenantId: tx.tenantId,
          promotionId: campaignId,
          kind: 'campaign',
          evidenceDigest: campaign.evidenceDigest,
          reason: 'withdrawn',
        });
      await announceCampaign(tx, cancelled);
      return cancelled;
    });
  }

  /** @throws {ProblemError} `evaluator.campaign_not_found`. */
  async find(ctx: RequestContext, campaignId: string): Promise<Campaign> {
    const campaign = await this.work.run(ctx, (tx) => this.campaigns.find(tx, campaignId));
    if (!campaign) throw evaluatorProblem('not-found', 'campaign_not_found', `there is no campaign '${campaignId}'`);
    return campaign;
  }

  private async locked(tx: Tx, campaignId: string): Promise<Campaign> {
    const campaign = await this.campaigns.lock(tx, campaignId);
    if (!campaign) throw evaluatorProblem('not-found', 'campaign_not_found', `there is no campaign '${campaignId}'`);
    return campaign;
  }
}

/** Says how a campaign stands. */
export async function announceCampaign(tx: Tx, campaign: Campaign): Promise<void> {
  const count = (is: (member: Campaign['members'][number]) => boolean): number => campaign.members.filter(is).length;
  const at = Math.min(campaign.position.environment, campaign.environments.length - 1);
  const data = {
    campaignId: campaign.campaignId,
    application: campaign.application,
    status: campaign.status,
    environment: campaign.environments[at] ?? null,
    counts: {
      included: count((member) => member.included),
      heldBack: count((member) => member.state === 'held-back'),
      live: count((member) => member.state === 'live'),
      failed: count((member) => member.state === 'failed'),
    },
  };
  await tx.emit(campaignChangedV1, data, { tenantId: PLATFORM_TENANT });
}
