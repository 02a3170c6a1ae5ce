import {
  type Clock,
  type Digest,
  type Owned,
  PLATFORM_TENANT,
  ProblemError,
  type TenantId,
  systemContext,
} from '@myriad/kernel';
import { type Tx, UnitOfWork, waitOutOutage } from '@myriad/persistence';
import type { Logger } from '@myriad/telemetry';
import { Inject, Injectable } from '@nestjs/common';
import { type Evaluation, evaluationLifecycle } from '../domain/evaluation.js';
import { randomizedSets } from '../domain/generators.js';
import type { Suite } from '../domain/suite.js';
import type { Table } from '../domain/table.js';
import { type ScoredSet, type Verdict, judge } from '../domain/verdict.js';
import {
  CLOCK,
  DATASET_READER,
  type DatasetReader,
  type DatasetView,
  type AdmittedVersion,
  EVALUATION_STORE,
  EVIDENCE_VAULT,
  type EvaluationStore,
  type EvidenceVault,
  LOGGER,
  SCORER,
  SUITE_STORE,
  type Scorer,
  type SuiteStore,
  VIEW_STORE,
  type VersionView,
  type ViewStore,
} from './ports.js';
import { announce } from './queue-evaluation.js';

/** A worker that says nothing for this long is taken for dead, and its evaluation runs again. */
const STALE_MS = 30_000;
const HEARTBEAT_MS = 2_000;
/** An evaluation that broke off waits this long before it runs again. */
const RETRY_MS = 5000;
const MAX_ATTEMPTS = 3;

interface Inputs {
  readonly suite: Suite;
  readonly version: VersionView;
  readonly golden: DatasetView | undefined;
}

/** What this worker has claimed. */
interface OwnWork {
  readonly claimed: Owned<Evaluation>;
  readonly shutdown: AbortSignal | undefined;
}

/** Takes a queued evaluation, scores every set, judges, and keeps the evidence. */
@Injectable()
export class RunEvaluation {
  constructor(
    private readonly work: UnitOfWork,
    @Inject(EVALUATION_STORE) private readonly evaluations: EvaluationStore,
    @Inject(SUITE_STORE) private readonly suites: SuiteStore,
    @Inject(VIEW_STORE) private readonly views: ViewStore,
    @Inject(DATASET_READER) private readonly datasets: DatasetReader,
    @Inject(SCORER) private readonly scorer: Scorer,
    @Inject(EVIDENCE_VAULT) private readonly vault: EvidenceVault,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Runs the next one; false when none is queued. A database that is away is not waited for any more after `shutdown`. */
  async execute(shutdown?: AbortSignal): Promise<boolean> {
    const now = new Date(this.clock.nowMs());
    const claimed = await this.work.runAcrossTenants('evaluator: claim the next evaluation', (tx) =>
      this.evaluations.claim(tx, now, {
        staleBefore: new Date(now.getTime() - STALE_MS),
        retryBefore: new Date(now.getTime() - RETRY_MS),
      }),
    );
    if (!claimed) return false;
    const beat = setInterval(() => {
      void this.heartbeat(claimed);
    }, HEARTBEAT_MS);
    const own: OwnWork = { claimed, shutdown };
    try {
      if (claimed.attempt > MAX_ATTEMPTS) throw new Error(`${MAX_ATTEMPTS} workers died of it`);
      await this.complete(own, await this.judgeOne(claimed));
    } catch (error) {
      await this.giveBack(own, error);
    } finally {
      clearInterval(beat);
    }
    return true;
  }

  private async heartbeat(claimed: Owned<Evaluation>): Promise<void> {
    try {
      await this.work.run(systemContext('evaluator', claimed.tenantId), (tx) =>
        this.evaluations.heartbeat(tx, claimed, new Date(this.clock.nowMs())),
      );
    } catch (error) {
      this.logger.warn({ err: error, evaluationId: claimed.evaluationId }, 'a heartbeat was not written');
    }
  }

  private async judgeOne(evaluation: Owned<Evaluation>): Promise<{ verdict: Verdict; evidenceDigest: Digest }> {
    const { suite, version, golden } = await this.inputsOf(evaluation);
    const verdict =
      golden === undefined || version.admitted === null
        ? {
            verdict: 'inconclusive' as const,
            reason: `${evaluation.tenantId} has no dataset '${suite.goldenDataset}'`,
            checks: [],
            metric: null,
            sets: [],
          }
        : await this.score(evaluation.tenantId, suite, version.admitted, golden);
    const { sets, ...judged } = verdict;
    const evidence = {
      kind: 'evaluation',
      evaluationId: evaluation.evaluationId,
      tenantId: evaluation.tenantId,
      model: {
        name: version.modelName,
        version: version.version,
        versionId: version.versionId,
        artifactDigest: version.admitted?.artifactDigest ?? null,
        servedBy: version.admitted?.serving?.way ?? 'whole',
      },
      suite: {
        name: suite.name,
        version: suite.version,
        digest: suite.digest,
        seed: suite.seed,
        confidence: suite.confidence,
      },
      golden: golden ? { dataset: golden.datasetName, version: golden.version, digest: golden.digest } : null,
      sets,
      ...judged,
    };
    return { verdict: judged, evidenceDigest: await this.vault.keep(evaluation.tenantId, evidence) };
  }

  private async inputsOf(evaluation: Owned<Evaluation>): Promise<Inputs> {
    const suite = await this.work.run(systemContext('evaluator', PLATFORM_TENANT), (tx) =>
      this.suites.find(tx, evaluation.suite, evaluation.suiteVersion),
    );
    if (!suite) throw new Error(`suite ${evaluation.suite} version ${evaluation.suiteVersion} is gone`);
    return this.work.run(systemContext('evaluator', evaluation.tenantId), async (tx) => {
      const version = await this.views.findVersion(tx, evaluation.modelName, evaluation.version);
      if (!version) throw new Error(`version ${evaluation.versionId} is gone`);
      return { suite, version, golden: await this.views.newestDataset(tx, suite.goldenDataset) };
    });
  }

  private async score(
    tenantId: TenantId,
    suite: Suite,
    version: AdmittedVersion,
    dataset: DatasetView,
  ): Promise<Verdict & { sets: readonly object[] }> {
    const table = await this.datasets.read(tenantId, dataset, suite);
    return this.scorer.withModel(tenantId, version, async (score) => {
      const scored = async (name: string, seed: number | null, of: Table): Promise<ScoredSet> => ({
        name,
        seed,
        scores: await score(of),
        labels: of.labels,
      });
      const golden = await scored('golden', null, table);
      const randomized: ScoredSet[] = [];
      const sets: object[] = [{ name: 'golden', rows: table.rows }];
      for (const set of randomizedSets(table, suite.generators, suite.seed)) {
        randomized.push(await scored(set.name, set.seed, set.table));
        sets.push({ name: set.name, seed: set.seed, rows: set.table.rows, detail: set.detail });
      }
      return { ...judge(suite, golden, randomized), sets };
    });
  }

  private async complete(
    own: OwnWork,
    { verdict, evidenceDigest }: { verdict: Verdict; evidenceDigest: Digest },
  ): Promise<void> {
    const { claimed } = own;
    const status = evaluationLifecycle.move(claimed.status, 'completed');
    const completed: Evaluation = {
      ...claimed,
      ...verdict,
      status,
      evidenceDigest,
      completedAt: new Date(this.clock.nowMs()),
    };
    await this.whileHeld(own, async (tx) => {
      await this.evaluations.update(tx, completed);
      await announce(tx, completed);
    });
  }

  /** A refusal of the content ends it; anything else is tried again, a few times. */
  private async giveBack(own: OwnWork, error: unknown): Promise<void> {
    const { claimed } = own;
    const isRefusal = error instanceof ProblemError && !error.retryable;
    const isLast = isRefusal || claimed.attempt >= MAX_ATTEMPTS;
    const reason = error instanceof Error ? error.message : String(error);
    const status = evaluationLifecycle.move(claimed.status, isLast ? 'failed' : 'queued');
    const completedAt = isLast ? new Date(this.clock.nowMs()) : null;
    await this.whileHeld(own, (tx) => this.evaluations.update(tx, { ...claimed, status, reason, completedAt }));
  }

  /** Does nothing when another worker took the evaluation over: it is that worker's now. */
  private async whileHeld({ claimed, shutdown }: OwnWork, effect: (tx: Tx) => Promise<void>): Promise<void> {
    const ifHeld = async (tx: Tx): Promise<void> => {
      const current = await this.evaluations.lock(tx, claimed.evaluationId);
      if (current?.status === 'running' && current.attempt === claimed.attempt) await effect(tx);
    };
    const ctx = systemContext('evaluator', claimed.tenantId);
    await waitOutOutage(() => this.work.run(ctx, ifHeld), { signal: shutdown });
  }
}
