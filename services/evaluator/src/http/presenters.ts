import type { RouteResponse, evaluatorRoutes } from '@myriad/contracts';
import type { Owned } from '@myriad/kernel';
import type { Campaign } from '../domain/campaign.js';
import type { Evaluation } from '../domain/evaluation.js';
import type { Promotion } from '../domain/promotion.js';
import type { Suite } from '../domain/suite.js';

type Routes = typeof evaluatorRoutes;
type SuiteBody = RouteResponse<Routes['getSuite']>;
type EvaluationBody = RouteResponse<Routes['getEvaluation']>;
type PromotionBody = RouteResponse<Routes['getPromotion']>;
type CampaignBody = RouteResponse<Routes['getCampaign']>;

export function presentSuite(suite: Suite): SuiteBody {
  return {
    ...suite,
    features: suite.features.map((feature) => ({ ...feature })),
    generators: suite.generators.map((generator) => ({ ...generator })),
    thresholds: suite.thresholds.map((threshold) => ({ ...threshold })),
    createdAt: suite.createdAt.toISOString(),
  };
}

export function presentEvaluation(evaluation: Owned<Evaluation>): EvaluationBody {
  const {
    evaluationId,
    tenantId,
    modelName,
    version,
    versionId,
    suite,
    suiteVersion,
    status,
    verdict,
    reason,
    checks,
    evidenceDigest,
  } = evaluation;
  return {
    evaluationId,
    tenantId,
    modelName,
    version,
    versionId,
    suite,
    suiteVersion,
    status,
    verdict,
    reason,
    checks: checks.map((check) => ({ ...check })),
    evidenceDigest,
    createdAt: evaluation.createdAt.toISOString(),
    completedAt: evaluation.completedAt?.toISOString() ?? null,
  };
}

export function presentPromotion(promotion: Owned<Promotion>): PromotionBody {
  const {
    promotionId,
    tenantId,
    modelName,
    version,
    environment,
    status,
    reason,
    evidenceDigest,
    approvalId,
    requestedBy,
    trial,
  } = promotion;
  return {
    promotionId,
    tenantId,
    modelName,
    version,
    environment,
    status,
    reason,
    trial,
    evidenceDigest,
    approvalId,
    requestedBy,
    createdAt: promotion.createdAt.toISOString(),
  };
}

export function presentCampaign(campaign: Campaign): CampaignBody {
  return {
    ...presentCampaignHead(campaign),
    members: campaign.members.map(
      ({ tenantId, modelName, version, included, verdict, metric, state, environment, reason }) => ({
        tenantId,
        modelName,
        version,
        included,
        verdict,
        metric: metric && { ...metric },
        state,
        environment,
        reason,
      }),
    ),
  };
}

export function presentCampaignHead(campaign: Campaign): Omit<CampaignBody, 'members'> {
  const {
    campaignId,
    application,
    fleetRunId,
    environments,
    waves,
    status,
    reason,
    evidenceDigest,
    approvalId,
    createdBy,
  } = campaign;
  return {
    campaignId,
    application,
    fleetRunId,
    environments: [...environments],
    waves: [...waves],
    status,
    reason,
    evidenceDigest,
    approvalId,
    createdBy,
    createdAt: campaign.createdAt.toISOString(),
    completedAt: campaign.completedAt?.toISOString() ?? null,
  };
}
