import { promotionApprovedV1, promotionCompletedV1, promotionRequestedV1 } from '@myriad/contracts';
import { type Clock, type Digest, type Owned, type RequestContext, newId } from '@myriad/kernel';
import { type Tx, UnitOfWork } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import type { EnvironmentName } from '../domain/campaign.js';
import { evaluatorProblem } from '../domain/evaluator-problem.js';
import type { Promotion } from '../domain/promotion.js';
import {
  CLOCK,
  EVALUATION_STORE,
  type EvaluationStore,
  PROMOTION_STORE,
  type PromotionStore,
  VIEW_STORE,
  type VersionView,
  type ViewStore,
} from './ports.js';

const APPROVAL_DAYS = 7;

/** Asks that one version with a passing evaluation go live in one environment. */
@Injectable()
export class RequestPromotion {
  constructor(
    private readonly work: UnitOfWork,
    @Inject(VIEW_STORE) private readonly views: ViewStore,
    @Inject(EVALUATION_STORE) private readonly evaluations: EvaluationStore,
    @Inject(PROMOTION_STORE) private readonly promotions: PromotionStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws {ProblemError} `evaluator.version_not_found`, `evaluator.no_passing_evidence`. */
  async execute(
    ctx: RequestContext,
    order: Pick<Promotion, 'modelName' | 'version' | 'environment'> & {
      readonly trial?: Promotion['trial'] | undefined;
    },
  ): Promise<Owned<Promotion>> {
    return this.work.run(ctx, async (tx) => {
      const version = await this.views.findVersion(tx, order.modelName, order.version);
      if (version?.admission !== 'admitted')
        throw evaluatorProblem(
          'not-found',
          'version_not_found',
          `${ctx.tenantId} has no admitted version ${order.version} of '${order.modelName}'`,
        );
      const evidence = await this.evaluations.newestOf(tx, version.versionId);
      if (evidence?.verdict !== 'pass' || evidence.evidenceDigest === null)
        throw evaluatorProblem(
          'conflict',
          'no_passing_evidence',
          `the newest evaluation of '${order.modelName}' version ${order.version} is ${evidence?.verdict ?? 'missing'}; only a version that passed can be promoted`,
        );
      const nowMs = this.clock.nowMs();
      const promotion: Promotion = {
        ...order,
        trial: order.trial ?? null,
        promotionId: newId('prm', this.clock),
        versionId: version.versionId,
        status: 'awaiting-approval',
        reason: 'waiting for a second person',
        evidenceDigest: evidence.evidenceDigest,
        approvalId: null,
        approvedBy: null,
        requestedBy: ctx.principal.id,
        createdAt: new Date(nowMs),
      };
      await this.promotions.insert(tx, promotion);
      await tx.emit(promotionRequestedV1, {
        tenantId: tx.tenantId,
        promotionId: promotion.promotionId,
        kind: 'promotion',
        evidenceDigest: promotion.evidenceDigest,
        summary: `${order.modelName} version ${order.version} to ${order.environment}${order.trial ? `, as ${order.trial.mode} on ${order.trial.percent} %` : ''}`,
        requestedBy: ctx.principal.id,
        expiresAt: new Date(nowMs + APPROVAL_DAYS * 86_400_000).toISOString(),
      });
      return { ...promotion, tenantId: ctx.tenantId };
    });
  }
}

/** What is told of a promotion besides the version. */
export interface PromotionFacts {
  readonly tenantId: string;
  readonly promotionId: string;
  readonly campaignId: string | null;
  readonly environment: EnvironmentName;
  readonly evidenceDigest: Digest;
  readonly approvalId: string;
  /** Only of a single promotion. */
  readonly trial?: Promotion['trial'];
}

/** Tells the deployer that a version may be placed. */
export async function announceApproved(tx: Tx, version: VersionView, facts: PromotionFacts): Promise<void> {
  const { admitted, modelName, version: number, versionId, application } = version;
  if (admitted === null) throw new TypeError(`version ${versionId} is not admitted`);
  const data = { ...facts, modelName, version: number, versionId, application, ...admitted };
  await tx.emit(promotionApprovedV1, data, { tenantId: facts.tenantId });
}

/** Tells the registry that a version answers where it was meant to. */
export async function announceCompleted(
  tx: Tx,
  version: VersionView,
  facts: Omit<PromotionFacts, 'evidenceDigest' | 'approvalId'> & { readonly approvedBy: string },
): Promise<void> {
  const { modelName, version: number, versionId, application } = version;
  await tx.emit(
    promotionCompletedV1,
    { ...facts, modelName, version: number, versionId, application, alias: 'champion' },
    { tenantId: facts.tenantId },
  );
}
