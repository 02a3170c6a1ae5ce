import { readFile } from 'node:fs/promises';
import {
  type EventData,
  type RouteResponse,
  applicationChangedV1,
  approvalDecidedV1,
  approvalRequestedV1,
  datasetVersionCommittedV1,
  evaluatorRoutes,
  fleetRunChangedV1,
  rolloutChangedV1,
  runCompletedV1,
  versionAdmittedV1,
} from '@myriad/contracts';
import { splitModel } from '@myriad/inference';
import { type Digest, FakeClock, tenantId } from '@myriad/kernel';
import { ServiceHarness, eventually } from '@myriad/testing';
import { AppModule } from '../src/app.module.js';
import { randomStream } from '../src/domain/random.js';
import type { SuiteSpec } from '../src/application/create-suite.js';
import { openEvaluatorDatabase } from '../src/persistence/evaluator-database.js';

export const APPLICATION = 'flight-delay';
type EvaluationBody = RouteResponse<typeof evaluatorRoutes.getEvaluation>;

/** A real model: a scikit-learn pipeline over month, hour, distance and origin. */
const logistic = (): Promise<Buffer> =>
  readFile(new URL('../../../libs/inference/test/fixtures/logistic.onnx', import.meta.url));

export const suiteSpec = (more: Partial<SuiteSpec> = {}): SuiteSpec => ({
  name: APPLICATION,
  task: 'binary-classification',
  features: [
    { name: 'month', kind: 'numeric' },
    { name: 'hour', kind: 'numeric' },
    { name: 'distance', kind: 'numeric' },
    { name: 'origin', kind: 'categorical' },
  ],
  label: 'delayed',
  goldenDataset: 'golden',
  generators: [
    { kind: 'noise', copies: 2, scale: 0.1 },
    { kind: 'missing', copies: 1, fraction: 0.1 },
  ],
  thresholds: [{ metric: 'auc', appliesTo: 'all', min: 0.7, maxDrop: 0.1 }],
  minRows: 500,
  minPerClass: 30,
  confidence: 0.95,
  seed: 1,
  ...more,
});

/** Flights as the model's own fixture draws them: late in the day, from EWR, delayed. */
export function flightsCsv(rows = 800, seed = 1): string {
  const random = randomStream(seed, 'flights');
  const lines = Array.from({ length: rows }, () => {
    const [month, hour] = [1 + random.below(12), 5 + random.below(19)];
    const distance = random.next() < 0.05 ? '' : (80 + random.next() * 2520).toFixed(1);
    const origin = ['EWR', 'JFK', 'LGA'][random.below(3)] ?? '';
    const score = 0.25 * (hour - 14) - 0.1 * (month - 6) + (origin === 'EWR' ? 1 : 0);
    return `${month},${hour},${distance},${origin},${score + 1.5 * random.normal() > 0.4 ? 1 : 0}`;
  });
  return ['month,hour,distance,origin,delayed', ...lines, ''].join('\n');
}

/** The evaluator with a clock that the test turns, and with what other services would have told it. */
export class EvaluatorApp {
  private constructor(
    readonly harness: ServiceHarness,
    readonly clock: FakeClock,
  ) {}

  static async start(): Promise<EvaluatorApp> {
    const clock = new FakeClock();
    const harness = await ServiceHarness.start({
      service: 'evaluator',
      openDatabase: openEvaluatorDatabase,
      module: ({ database, objects, logger }) => AppModule.with({ database, store: objects, logger, clock }),
    });
    return new EvaluatorApp(harness, clock);
  }

  close(): Promise<void> {
    return this.harness.close();
  }

  async addSuite(more: Partial<SuiteSpec> = {}): Promise<RouteResponse<typeof evaluatorRoutes.createSuite>> {
    const anyBody = suiteSpec(more);
    return (await this.harness.request(evaluatorRoutes.createSuite, { tenant: 'platform', anyBody })).body;
  }

  async addApplication(name = APPLICATION, suite = name): Promise<void> {
    await this.harness.publish(applicationChangedV1, 'platform', { ...applicationChangedV1.example, name, suite });
  }

  async addDataset(tenant: string, csv = flightsCsv(), version = 1): Promise<Digest> {
    const { digest } = await this.harness.parts.objects.put(tenantId(tenant), Buffer.from(csv));
    await this.harness.publish(datasetVersionCommittedV1, tenant, {
      ...datasetVersionCommittedV1.example,
      tenantId: tenant,
      datasetName: 'golden',
      version,
      digest,
    });
    return digest;
  }

  /** The registry admitted a version of the tenant's model. */
  async admit(
    tenant: string,
    { version = 1, runId = null as string | null, application = APPLICATION } = {},
  ): Promise<void> {
    const file = await logistic();
    const { digest, sizeBytes } = await this.harness.parts.objects.put(tenantId(tenant), file);
    const { example } = versionAdmittedV1;
    await this.harness.publish(versionAdmittedV1, tenant, {
      ...example,
      tenantId: tenant,
      application,
      version,
      versionId: versionIdOf(tenant, version),
      artifactDigest: digest,
      sizeBytes,
      serving: await this.split(tenant, file),
      lineage: { ...example.lineage, runId },
    });
    this.clock.advance(1);
  }

  /** What admission stores of a model that is served by kernels. */
  private async split(tenant: string, file: Buffer): Promise<EventData<typeof versionAdmittedV1>['serving']> {
    const { skeleton, weights } = splitModel(file);
    const { objects } = this.harness.parts;
    const [first, second] = [
      await objects.put(tenantId(tenant), skeleton.bytes),
      await objects.put(tenantId(tenant), weights),
    ];
    const split = {
      skeletonDigest: first.digest,
      skeletonBytes: first.sizeBytes,
      weightsDigest: second.digest,
      weightsBytes: second.sizeBytes,
    };
    return { way: 'kernel', micros: 1, memoryBytes: 304, split, verdicts: [] };
  }

  /** A fleet run trained a model for each tenant, and has ended. */
  async trained(fleetRunId: string, outcomes: Readonly<Record<string, 'succeeded' | 'inconclusive'>>): Promise<void> {
    const counts = { total: 0, succeeded: 0, inconclusive: 0, failed: 0 };
    for (const [tenant, outcome] of Object.entries(outcomes)) {
      const runId = `run_${tenant}`;
      await this.harness.publish(runCompletedV1, tenant, {
        ...runCompletedV1.example,
        tenantId: tenant,
        runId,
        fleetRunId,
        outcome,
        reason: outcome === 'succeeded' ? '' : '12 rows',
      });
      if (outcome === 'succeeded') await this.admit(tenant, { runId });
      counts.total += 1;
      counts[outcome] += 1;
    }
    await this.harness.publish(fleetRunChangedV1, 'platform', {
      ...fleetRunChangedV1.example,
      fleetRunId,
      status: 'completed',
      counts,
    });
  }

  /** The newest evaluation of the tenant, when it has ended. */
  ended(tenant: string, version = 1): Promise<EvaluationBody> {
    return eventually(async () => {
      const query = { version };
      const [newest] = (await this.harness.request(evaluatorRoutes.listEvaluations, { tenant, query })).body.items;
      if (newest === undefined || newest.completedAt === null) throw new Error(`${newest?.status ?? 'nothing'} so far`);
      return newest;
    });
  }

  /** A person decides what the evaluator asked for. */
  async decide(
    asked: { readonly tenantId: string; readonly subjectId: string; readonly evidenceDigest: Digest },
    decision: 'approved' | 'rejected' = 'approved',
    kind: 'promotion' | 'campaign' = 'promotion',
  ): Promise<void> {
    const about = { ...asked, kind, approvalId: `apr_${asked.subjectId}_${asked.evidenceDigest.slice(7, 11)}` };
    const { example } = approvalDecidedV1;
    await this.harness.publish(approvalRequestedV1, asked.tenantId, { ...approvalRequestedV1.example, ...about });
    await this.harness.publish(approvalDecidedV1, asked.tenantId, { ...example, ...about, decision, comment: '' });
  }

  /** The deployer says how a rollout of this promotion stands. */
  async rollout(tenant: string, promotionId: string, status: 'progressing' | 'completed' | 'failed'): Promise<void> {
    const { example } = rolloutChangedV1;
    await this.harness.publish(rolloutChangedV1, tenant, {
      ...example,
      tenantId: tenant,
      versionId: versionIdOf(tenant, 1),
      promotionId,
      status,
      reason: `${status} by r0`,
    });
  }
}

export const versionIdOf = (tenant: string, version: number): string => `ver_${tenant}_${version}`;
