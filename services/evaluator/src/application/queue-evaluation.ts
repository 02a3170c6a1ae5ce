import { evaluationCompletedV1 } from '@myriad/contracts';
import {
  type Clock,
  type Owned,
  PLATFORM_TENANT,
  type RequestContext,
  newId,
  systemContext,
  tenantId,
} from '@myriad/kernel';
import { type Tx, UnitOfWork } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import type { Evaluation } from '../domain/evaluation.js';
import { evaluatorProblem } from '../domain/evaluator-problem.js';
import type { Suite } from '../domain/suite.js';
import {
  CLOCK,
  EVALUATION_STORE,
  type EvaluationStore,
  SUITE_STORE,
  type SuiteStore,
  VIEW_STORE,
  type VersionView,
  type ViewStore,
} from './ports.js';

export interface EvaluationOrder {
  readonly modelName: string;
  readonly version: number;
  /** Default: the application's. */
  readonly suite: string | undefined;
}

/** Queues the run of a suite on an admitted version; a worker takes it from there. */
@Injectable()
export class QueueEvaluation {
  constructor(
    private readonly work: UnitOfWork,
    @Inject(SUITE_STORE) private readonly suites: SuiteStore,
    @Inject(VIEW_STORE) private readonly views: ViewStore,
    @Inject(EVALUATION_STORE) private readonly evaluations: EvaluationStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws {ProblemError} `evaluator.version_not_found`, `evaluator.suite_not_found`. */
  async onRequest(ctx: RequestContext, order: EvaluationOrder): Promise<Owned<Evaluation>> {
    const version = await this.work.run(ctx, (tx) => this.views.findVersion(tx, order.modelName, order.version));
    if (version?.admission !== 'admitted')
      throw evaluatorProblem(
        'not-found',
        'version_not_found',
        `${ctx.tenantId} has no admitted version ${order.version} of '${order.modelName}'`,
      );
    const name = order.suite ?? (await this.suiteNameOf(version));
    const suite = name === null ? undefined : await this.newestSuite(name);
    if (!suite)
      throw evaluatorProblem(
        'not-found',
        'suite_not_found',
        name === null
          ? `'${order.modelName}' has no application with a suite; name one`
          : `there is no suite '${name}'`,
      );
    return this.work.run(ctx, async (tx) => {
      const evaluation = this.newEvaluation(version, suite);
      await this.evaluations.insert(tx, evaluation);
      return { ...evaluation, tenantId: ctx.tenantId };
    });
  }

  /** A version is known: it is judged once by its application's suite, if that is known already. Safe to repeat. */
  async onAdmitted(tenant: string, version: VersionView): Promise<void> {
    const name = await this.suiteNameOf(version);
    const suite = name === null ? undefined : await this.newestSuite(name);
    if (suite) await this.queueFirst(tenant, version, suite);
  }

  /** An application is known, or its suite is another: versions that were admitted before and were never judged are now. Safe to repeat. */
  async onApplication(application: string): Promise<void> {
    const name = await this.suiteNameOf({ application });
    const suite = name === null ? undefined : await this.newestSuite(name);
    if (!suite) return;
    const waiting = await this.work.runAcrossTenants("evaluator: an application's versions are of every tenant", (tx) =>
      this.views.neverJudged(tx, application),
    );
    for (const version of waiting) await this.queueFirst(version.tenantId, version, suite);
  }

  private async queueFirst(tenant: string, version: VersionView, suite: Suite): Promise<void> {
    const evaluation = this.newEvaluation(version, suite);
    await this.work.run(systemContext('evaluator', tenantId(tenant)), (tx) =>
      this.evaluations.insertFirst(tx, evaluation),
    );
  }

  private suiteNameOf(version: Pick<VersionView, 'application'>): Promise<string | null> {
    const { application } = version;
    if (application === null) return Promise.resolve(null);
    return this.work.run(systemContext('evaluator', PLATFORM_TENANT), (tx) =>
      this.views.suiteOfApplication(tx, application),
    );
  }

  private newestSuite(name: string): Promise<Suite | undefined> {
    return this.work.run(systemContext('evaluator', PLATFORM_TENANT), (tx) => this.suites.newest(tx, name));
  }

  private newEvaluation(version: VersionView, suite: Suite): Evaluation {
    return {
      evaluationId: newId('evl', this.clock),
      modelName: version.modelName,
      version: version.version,
      versionId: version.versionId,
      application: version.application,
      suite: suite.name,
      suiteVersion: suite.version,
      status: 'queued',
      attempt: 0,
      verdict: null,
      reason: '',
      checks: [],
      metric: null,
      evidenceDigest: null,
      createdAt: new Date(this.clock.nowMs()),
      completedAt: null,
    };
  }
}

/** Tells that an evaluation is complete; its evidence is in the vault. */
export async function announce(tx: Tx, evaluation: Evaluation): Promise<void> {
  const { evidenceDigest, verdict } = evaluation;
  if (evidenceDigest === null || verdict === null)
    throw new TypeError(`evaluation ${evaluation.evaluationId} is not complete`);
  await tx.emit(evaluationCompletedV1, {
    tenantId: tx.tenantId,
    modelName: evaluation.modelName,
    version: evaluation.version,
    versionId: evaluation.versionId,
    application: evaluation.application,
    evaluationId: evaluation.evaluationId,
    suite: evaluation.suite,
    verdict,
    reason: evaluation.reason,
    evidenceDigest,
    metric: evaluation.metric && {
      name: evaluation.metric.name,
      value: evaluation.metric.value,
      low: evaluation.metric.low,
      high: evaluation.metric.high,
      rows: evaluation.metric.rows,
    },
  });
}
