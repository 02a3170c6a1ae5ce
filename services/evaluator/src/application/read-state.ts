import type { Digest, Owned, Page, PageRequest, RequestContext } from '@myriad/kernel';
import { UnitOfWork } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import type { Campaign } from '../domain/campaign.js';
import type { Evaluation } from '../domain/evaluation.js';
import { evaluatorProblem } from '../domain/evaluator-problem.js';
import type { Promotion } from '../domain/promotion.js';
import type { Suite } from '../domain/suite.js';
import {
  CAMPAIGN_STORE,
  type CampaignStore,
  EVALUATION_STORE,
  EVIDENCE_VAULT,
  type EvaluationStore,
  type EvidenceVault,
  PROMOTION_STORE,
  type PromotionStore,
  SUITE_STORE,
  type SuiteStore,
} from './ports.js';

/** Everything that is read. Suites are the platform's and shown to every tenant. */
@Injectable()
export class ReadState {
  constructor(
    private readonly work: UnitOfWork,
    @Inject(SUITE_STORE) private readonly suites: SuiteStore,
    @Inject(EVALUATION_STORE) private readonly evaluations: EvaluationStore,
    @Inject(PROMOTION_STORE) private readonly promotions: PromotionStore,
    @Inject(CAMPAIGN_STORE) private readonly campaigns: CampaignStore,
    @Inject(EVIDENCE_VAULT) private readonly vault: EvidenceVault,
  ) {}

  listSuites(page: PageRequest): Promise<Page<Suite>> {
    return this.work.runAcrossTenants('evaluator: suites are shown to every tenant', (tx) =>
      this.suites.list(tx, page),
    );
  }

  /** @throws {ProblemError} `evaluator.suite_not_found`. */
  async getSuite(name: string): Promise<Suite> {
    const suite = await this.work.runAcrossTenants('evaluator: suites are shown to every tenant', (tx) =>
      this.suites.newest(tx, name),
    );
    if (!suite) throw evaluatorProblem('not-found', 'suite_not_found', `there is no suite '${name}'`);
    return suite;
  }

  listEvaluations(
    ctx: RequestContext,
    filter: PageRequest & { readonly modelName: string | undefined; readonly version: number | undefined },
  ): Promise<Page<Owned<Evaluation>>> {
    return this.work.run(ctx, (tx) => this.evaluations.list(tx, filter));
  }

  /** @throws {ProblemError} `evaluator.evaluation_not_found`. */
  async getEvaluation(ctx: RequestContext, evaluationId: string): Promise<Owned<Evaluation>> {
    const evaluation = await this.work.run(ctx, (tx) => this.evaluations.find(tx, evaluationId));
    if (!evaluation)
      throw evaluatorProblem(
        'not-found',
        'evaluation_not_found',
        `${ctx.tenantId} has no evaluation '${evaluationId}'`,
      );
    return evaluation;
  }

  /** @throws {ProblemError} `evaluator.evaluation_not_found`, `evaluator.evidence_not_ready`. */
  async getEvidence(
    ctx: RequestContext,
    evaluationId: string,
  ): Promise<{ digest: Digest; evidence: Record<string, unknown> }> {
    const { evidenceDigest: digest, status } = await this.getEvaluation(ctx, evaluationId);
    if (digest === null)
      throw evaluatorProblem(
        'conflict',
        'evidence_not_ready',
        `evaluation '${evaluationId}' is '${status}'; evidence is kept when it is completed`,
      );
    return { digest, evidence: await this.vault.read(ctx.tenantId, digest) };
  }

  listPromotions(ctx: RequestContext, page: PageRequest): Promise<Page<Owned<Promotion>>> {
    return this.work.run(ctx, (tx) => this.promotions.list(tx, page));
  }

  /** @throws {ProblemError} `evaluator.promotion_not_found`. */
  async getPromotion(ctx: RequestContext, promotionId: string): Promise<Owned<Promotion>> {
    const promotion = await this.work.run(ctx, (tx) => this.promotions.find(tx, promotionId));
    if (!promotion)
      throw evaluatorProblem('not-found', 'promotion_not_found', `${ctx.tenantId} has no promotion '${promotionId}'`);
    return promotion;
  }

  listCampaigns(ctx: RequestContext, page: PageRequest): Promise<Page<Campaign>> {
    return this.work.run(ctx, (tx) => this.campaigns.list(tx, page));
  }
}
