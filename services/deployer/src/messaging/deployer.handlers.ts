import {
  type CloudEvent,
  type EventData,
  batchUsageMeteredV1,
  modelStateChangedV1,
  promotionApprovedV1,
  runCompletedV1,
  tenantPurgedV1,
  usageMeteredV1,
} from '@myriad/contracts';
import { UnitOfWork } from '@myriad/persistence';
import { Controller } from '@nestjs/common';
import { HandleEvent } from '@myriad/messaging';
import { EndRollout } from '../application/end-rollout.js';
import { ReconcileLoop } from '../application/reconcile-loop.js';
import { RecordUsage } from '../application/record-usage.js';
import { RemovePlacements } from '../application/remove-placements.js';
import { StartRollout } from '../application/start-rollout.js';
import { poolNameOf } from '../domain/environment.js';

/** What the deployer does when others tell of promotions, loaded models and usage. */
@Controller()
export class DeployerHandlers {
  constructor(
    private readonly work: UnitOfWork,
    private readonly startRollout: StartRollout,
    private readonly endRollout: EndRollout,
    private readonly recordUsage: RecordUsage,
    private readonly removePlacements: RemovePlacements,
    private readonly loop: ReconcileLoop,
  ) {}

  @HandleEvent(promotionApprovedV1)
  async onPromotionApproved(event: CloudEvent<EventData<typeof promotionApprovedV1>>): Promise<void> {
    const { data } = event;
    await this.work.handle(event, async (tx) => {
      const {
        modelName,
        version,
        versionId,
        application,
        artifactDigest,
        sizeBytes,
        parityDigest,
        signature,
        batchInvariant,
        serving,
      } = data;
      const target = {
        modelName,
        version,
        versionId,
        application,
        artifactDigest,
        sizeBytes,
        parityDigest,
        signature,
        batchInvariant,
        serving,
        pool: poolNameOf(data),
      };
      const { environment, promotionId, trial } = data;
      await this.startRollout.execute(tx, { environment, promotionId, target, trial });
    });
    this.loop.wake();
  }

  @HandleEvent(tenantPurgedV1)
  async onTenantPurged(event: CloudEvent<EventData<typeof tenantPurgedV1>>): Promise<void> {
    await this.work.handle(event, (tx) => this.removePlacements.execute(tx));
    this.loop.wake();
  }

  @HandleEvent(modelStateChangedV1)
  async onModelState(event: CloudEvent<EventData<typeof modelStateChangedV1>>): Promise<void> {
    await this.work.handle(event, (tx) => this.endRollout.onReport(tx, event.data));
  }

  @HandleEvent(usageMeteredV1)
  async onUsage(event: CloudEvent<EventData<typeof usageMeteredV1>>): Promise<void> {
    const { data } = event;
    await this.work.handle(event, async (tx) => {
      // a version that is only compared costs its tenant nothing: nobody was answered by it
      if (data.isShadow === true) return;
      await this.recordUsage.execute(tx, Date.parse(data.windowStart), {
        predictions: data.requests,
        'prediction-rows': data.rows,
      });
    });
  }

  @HandleEvent(batchUsageMeteredV1)
  async onBatchUsage(event: CloudEvent<EventData<typeof batchUsageMeteredV1>>): Promise<void> {
    const { data } = event;
    await this.work.handle(event, (tx) =>
      this.recordUsage.execute(tx, Date.parse(data.windowStart), { 'batch-rows': data.rows }),
    );
  }

  @HandleEvent(runCompletedV1)
  async onRunCompleted(event: CloudEvent<EventData<typeof runCompletedV1>>): Promise<void> {
    const { data } = event;
    await this.work.handle(event, (tx) =>
      this.recordUsage.execute(tx, Date.parse(event.time), { 'training-cpu': data.durationMs / 1000 }),
    );
  }
}
