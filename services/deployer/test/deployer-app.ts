import {
  type RouteResponse,
  batchUsageMeteredV1,
  deployerRoutes,
  modelStateChangedV1,
  type Trial,
  promotionApprovedV1,
  runCompletedV1,
  usageMeteredV1,
} from '@myriad/contracts';
import { FakeClock, digestOf } from '@myriad/kernel';
import { ServiceHarness, eventually } from '@myriad/testing';
import { AppModule } from '../src/app.module.js';
import type { ReplicaRequest, ReplicaState, ServingCapacity } from '../src/application/ports.js';
import { openDeployerDatabase } from '../src/persistence/deployer-database.js';

export const MODEL = 'flight-delay';
export const PRICES = {
  predictions: 2,
  'prediction-rows': 1,
  'batch-rows': 0.5,
  'training-cpu': 50,
  'model-hours': 10,
};
export const TIMEOUT_MS = 120_000;
type RolloutBody = RouteResponse<typeof deployerRoutes.getRollout>;

/** Replicas that are what a test says they are. */
export class FakeCapacity implements ServingCapacity {
  readonly running = new Map<string, ReplicaRequest>();
  status: ReplicaState['status'] = 'ready';
  /** Where one differs. */
  readonly statusOf = new Map<string, ReplicaState['status']>();
  refusal: Error | undefined;

  ensure(request: ReplicaRequest): Promise<ReplicaState> {
    if (this.refusal) return Promise.reject(this.refusal);
    this.running.set(request.replicaId, request);
    const status = this.statusOf.get(request.replicaId) ?? this.status;
    return Promise.resolve({ replicaId: request.replicaId, url: `http://${request.replicaId}:1`, status });
  }

  remove(replicaId: string): Promise<void> {
    this.running.delete(replicaId);
    return Promise.resolve();
  }
}

export interface PromotionOrder {
  readonly promotionId: string;
  readonly version?: number;
  readonly environment?: 'engineering' | 'production';
  readonly modelName?: string;
  readonly sizeClass?: 'small' | 'medium' | 'large';
  readonly trial?: Trial;
}

interface Usage {
  readonly requests?: number;
  readonly rows?: number;
  readonly batchRows?: number;
  readonly trainingMs?: number;
}

/** The deployer with capacity and a clock that the test turns, and with what other services would have told it. */
export class DeployerApp {
  private constructor(
    readonly harness: ServiceHarness,
    readonly capacity: FakeCapacity,
    readonly clock: FakeClock,
  ) {}

  static async start(replicasPerPool = 1): Promise<DeployerApp> {
    const [capacity, clock] = [new FakeCapacity(), new FakeClock()];
    const harness = await ServiceHarness.start({
      service: 'deployer',
      openDatabase: openDeployerDatabase,
      module: ({ database, logger }) =>
        AppModule.with({
          database,
          logger,
          capacity,
          prices: PRICES,
          rolloutTimeoutMs: TIMEOUT_MS,
          replicasPerPool,
          clock,
        }),
    });
    return new DeployerApp(harness, capacity, clock);
  }

  close(): Promise<void> {
    return this.harness.close();
  }

  /** The evaluator says that a version may be placed; told twice. Gives the rollout that came of it. */
  async promote(tenant: string, order: PromotionOrder): Promise<RolloutBody> {
    const { version = 1, environment = 'production', modelName = MODEL, sizeClass = 'small', promotionId } = order;
    await this.harness.publish(promotionApprovedV1, tenant, {
      ...promotionApprovedV1.example,
      tenantId: tenant,
      modelName,
      version,
      versionId: `ver_${version}`,
      artifactDigest: digestOf(`${modelName}/${version}`),
      promotionId,
      environment,
      sizeClass,
      ...(order.trial && { trial: order.trial }),
    });
    this.clock.advance(1);
    const { items } = (await this.harness.request(deployerRoutes.listRollouts, { tenant })).body;
    const found = items.find((rollout) => rollout.promotionId === promotionId);
    if (!found) throw new Error(`no rollout of ${promotionId}`);
    return found;
  }

  /** A replica says how a placed version is; told twice. */
  async report(
    tenant: string,
    generation: number,
    state: 'ready' | 'failed' | 'unloaded',
    { modelName = MODEL, versionId = 'ver_1' } = {},
  ): Promise<void> {
    await this.harness.publish(modelStateChangedV1, tenant, {
      ...modelStateChangedV1.example,
      tenantId: tenant,
      modelName,
      versionId,
      generation,
      state,
      reason: state === 'failed' ? 'parity is off' : '',
    });
  }

  async rollout(tenant: string, rolloutId: string): Promise<RolloutBody> {
    return (await this.harness.request(deployerRoutes.getRollout, { tenant, params: { rolloutId } })).body;
  }

  reaches(tenant: string, rolloutId: string, status: RolloutBody['status']): Promise<RolloutBody> {
    return eventually(async () => {
      const rollout = await this.rollout(tenant, rolloutId);
      if (rollout.status !== status) throw new Error(`it is ${rollout.status}: ${rollout.reason}`);
      return rollout;
    });
  }

  /** What the tenant has in production: version, generation and status. */
  async placed(
    tenant: string,
    modelName = MODEL,
  ): Promise<{ version: number; generation: number; status: string } | undefined> {
    const query = { environment: 'production', modelName };
    const [placement] = (await this.harness.request(deployerRoutes.listPlacements, { tenant, query })).body.items;
    return placement && { version: placement.version, generation: placement.generation, status: placement.status };
  }

  async used(tenant: string, windowStart: string, used: Usage): Promise<void> {
    const { requests = 0, rows = 0, batchRows = 0, trainingMs = 0 } = used;
    const about = { tenantId: tenant, windowStart, windowEnd: windowStart };
    if (requests > 0)
      await this.harness.publish(usageMeteredV1, tenant, { ...usageMeteredV1.example, ...about, requests, rows });
    if (batchRows > 0)
      await this.harness.publish(batchUsageMeteredV1, tenant, {
        ...batchUsageMeteredV1.example,
        ...about,
        rows: batchRows,
      });
    if (trainingMs > 0)
      await this.harness.publish(runCompletedV1, tenant, {
        ...runCompletedV1.example,
        tenantId: tenant,
        durationMs: trainingMs,
      });
  }
}
