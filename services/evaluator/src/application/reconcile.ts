import { promotionSupersededV1 } from '@myriad/contracts';
import { type Clock, type Digest, type Owned, PLATFORM_TENANT, canonicalJson } from '@myriad/kernel';
import { type Tx, UnitOfWork } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { type CampaignAction, type CampaignFacts, advanceCampaign } from '../domain/advance-campaign.js';
import { type Campaign, memberPromotionId } from '../domain/campaign.js';
import { type Promotion, promotionLifecycle } from '../domain/promotion.js';
import { announceCampaign } from './manage-campaign.js';
import {
  CAMPAIGN_STORE,
  CLOCK,
  type CampaignStore,
  PROMOTION_STORE,
  type PromotionStore,
  VIEW_STORE,
  type VersionView,
  type ViewStore,
} from './ports.js';
import { announceApproved, announceCompleted } from './promote.js';

const PER_ROUND = 200;

/** Takes open campaigns and promotions as far as what the other services told allows. Repeating it changes nothing; one that is stuck holds up no other. */
@Injectable()
export class Reconcile {
  constructor(
    private readonly work: UnitOfWork,
    @Inject(CAMPAIGN_STORE) private readonly campaigns: CampaignStore,
    @Inject(PROMOTION_STORE) private readonly promotions: PromotionStore,
    @Inject(VIEW_STORE) private readonly views: ViewStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute(): Promise<void> {
    const open = await this.work.runAcrossTenants('evaluator: find open campaigns', (tx) => this.campaigns.openIds(tx));
    const faults: unknown[] = [];
    for (const campaignId of open)
      await this.work
        .runAcrossTenants('evaluator: advance a campaign over its tenants', (tx) => this.advance(tx, campaignId))
        .catch((error: unknown) => faults.push(error));
    await this.work.runAcrossTenants('evaluator: advance promotions', async (tx) => {
      for (const promotion of await this.promotions.lockOpen(tx, PER_ROUND)) await this.advancePromotion(tx, promotion);
    });
    if (faults.length > 0) throw new AggregateError(faults, `${faults.length} of ${open.length} campaigns are stuck`);
  }

  private async advance(tx: Tx, campaignId: string): Promise<void> {
    const before = await this.campaigns.lock(tx, campaignId);
    if (!before) return;
    const { campaign, actions } = advanceCampaign(before, await this.factsOf(tx, before), this.clock.nowMs());
    for (const action of actions) await this.act(tx, campaign, action);
    if (canonicalJson(plain(campaign)) === canonicalJson(plain(before))) return;
    await this.campaigns.save(tx, campaign);
    await announceCampaign(tx, campaign);
  }

  private async factsOf(tx: Tx, campaign: Campaign): Promise<CampaignFacts> {
    const fleetRun = await this.views.findFleetRun(tx, campaign.fleetRunId);
    const runs = await this.views.runFacts(tx, campaign.fleetRunId);
    const ids = campaign.members
      .filter((member) => member.included)
      .flatMap((member) =>
        campaign.environments.map((environment) => memberPromotionId(campaign, member, environment)),
      );
    const rollouts = await this.views.findRollouts(tx, ids);
    return {
      runs,
      isFleetRunEnded: fleetRun?.isEnded === true && runs.length >= fleetRun.total,
      approval:
        campaign.evidenceDigest === null
          ? undefined
          : await this.views.findApproval(tx, campaign.campaignId, campaign.evidenceDigest),
      rollouts: new Map(rollouts.map((rollout) => [rollout.promotionId, rollout])),
    };
  }

  private async act(tx: Tx, campaign: Campaign, action: CampaignAction): Promise<void> {
    if (action.do === 'supersede') {
      const { evidenceDigest, reason } = action;
      await tx.emit(
        promotionSupersededV1,
        { tenantId: PLATFORM_TENANT, promotionId: campaign.campaignId, kind: 'campaign', evidenceDigest, reason },
        { tenantId: PLATFORM_TENANT },
      );
      return;
    }
    const { member, environment, promotionId } = action;
    const version = await this.versionOf(tx, member);
    const facts = { tenantId: member.tenantId, promotionId, campaignId: campaign.campaignId, environment };
    if (action.do === 'promote') {
      const { evidenceDigest, approvalId } = assertApproved(campaign);
      await announceApproved(tx, version, { ...facts, evidenceDigest, approvalId });
    } else await announceCompleted(tx, version, { ...facts, approvedBy: campaign.approvedBy ?? 'unknown' });
  }

  private async versionOf(
    tx: Tx,
    at: { readonly tenantId: string; readonly modelName: string; readonly version: number | null },
  ): Promise<VersionView> {
    const version =
      at.version === null ? undefined : await this.views.findVersionOf(tx, at.tenantId, at.modelName, at.version);
    if (!version) throw new Error(`version ${at.version ?? '?'} of ${at.tenantId}/${at.modelName} is gone`);
    return version;
  }

  private async advancePromotion(tx: Tx, promotion: Owned<Promotion>): Promise<void> {
    if (promotion.status === 'awaiting-approval') await this.decide(tx, promotion);
    else if (promotion.status === 'rolling-out') await this.follow(tx, promotion);
  }

  private async decide(tx: Tx, promotion: Owned<Promotion>): Promise<void> {
    const approval = await this.views.findApproval(tx, promotion.promotionId, promotion.evidenceDigest);
    if (!approval) return;
    const { approvalId, decidedBy, reason } = approval;
    if (approval.status === 'pending') {
      if (promotion.approvalId !== approvalId) await this.promotions.update(tx, { ...promotion, approvalId });
      return;
    }
    const status = promotionLifecycle.move(promotion.status, approval.status);
    if (status !== 'approved') {
      await this.promotions.update(tx, { ...promotion, approvalId, status, reason });
      return;
    }
    const { tenantId, promotionId, environment, evidenceDigest, trial } = promotion;
    await announceApproved(tx, await this.versionOf(tx, promotion), {
      tenantId,
      promotionId,
      campaignId: null,
      environment,
      evidenceDigest,
      approvalId,
      trial,
    });
    await this.promotions.update(tx, {
      ...promotion,
      approvalId,
      approvedBy: decidedBy,
      status: promotionLifecycle.move(status, 'rolling-out'),
      reason: `approved by ${decidedBy ?? 'someone'}`,
    });
  }

  private async follow(tx: Tx, promotion: Owned<Promotion>): Promise<void> {
    const [rollout] = await this.views.findRollouts(tx, [promotion.promotionId]);
    if (!rollout || rollout.status === 'progressing') return;
    const isLive = rollout.status === 'completed';
    const status = promotionLifecycle.move(promotion.status, isLive ? 'completed' : 'failed');
    await this.promotions.update(tx, { ...promotion, status, reason: rollout.reason });
    const { tenantId, promotionId, environment, approvedBy } = promotion;
    if (isLive)
      await announceCompleted(tx, await this.versionOf(tx, promotion), {
        tenantId,
        promotionId,
        campaignId: null,
        environment,
        approvedBy: approvedBy ?? 'unknown',
      });
  }
}

function assertApproved(campaign: Campaign): { evidenceDigest: Digest; approvalId: string } {
  const { evidenceDigest, approvalId } = campaign;
  if (evidenceDigest === null || approvalId === null)
    throw new TypeError(`campaign ${campaign.campaignId} rolls out without an approval`);
  return { evidenceDigest, approvalId };
}

const plain = (campaign: Campaign): unknown => JSON.parse(JSON.stringify(campaign)) as unknown;
