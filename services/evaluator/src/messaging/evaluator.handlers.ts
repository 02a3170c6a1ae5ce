import {
  type CloudEvent,
  type EventData,
  type Serving,
  applicationChangedV1,
  approvalDecidedV1,
  approvalRequestedV1,
  approvalVoidedV1,
  datasetVersionCommittedV1,
  fleetRunChangedV1,
  rolloutChangedV1,
  runCompletedV1,
  versionAdmittedV1,
  versionRejectedV1,
} from '@myriad/contracts';
import { type Tx, UnitOfWork } from '@myriad/persistence';
import { Controller, Inject } from '@nestjs/common';
import { HandleEvent } from '@myriad/messaging';
import { type ApprovalView, VIEW_STORE, type VersionView, type ViewStore } from '../application/ports.js';
import { QueueEvaluation } from '../application/queue-evaluation.js';
import { WorkLoop } from '../application/work-loop.js';

const ours = (kind: string): boolean => kind === 'promotion' || kind === 'campaign';

/** Why a version is not served otherwise is the registry's to tell. */
function withoutVerdicts({ way, micros, memoryBytes, split }: Serving): Serving {
  return { way, micros, memoryBytes, split };
}

/** Keeps what the other services tell, and wakes the work that follows from it. */
@Controller()
export class EvaluatorHandlers {
  constructor(
    private readonly work: UnitOfWork,
    private readonly queueEvaluation: QueueEvaluation,
    private readonly loop: WorkLoop,
    @Inject(VIEW_STORE) private readonly views: ViewStore,
  ) {}

  @HandleEvent(versionAdmittedV1)
  async onVersionAdmitted(event: CloudEvent<EventData<typeof versionAdmittedV1>>): Promise<void> {
    const { modelName, version, versionId, application, lineage, profile, ...rest } = event.data;
    const { artifactDigest, sizeBytes, parityDigest, signature, family, sizeClass, serving } = rest;
    const admitted = {
      artifactDigest,
      sizeBytes,
      parityDigest,
      signature,
      family,
      sizeClass,
      batchInvariant: profile.batchInvariant,
      serving: serving && withoutVerdicts(serving),
    };
    const view: VersionView = {
      modelName,
      version,
      versionId,
      application,
      admission: 'admitted',
      reason: '',
      runId: lineage.runId,
      admitted,
    };
    await this.save(event, (tx) => this.views.saveVersion(tx, view));
    // after the commit, and again when the event comes again: whoever comes second of version and application sees the other
    await this.queueEvaluation.onAdmitted(event.data.tenantId, view);
    this.loop.wake();
  }

  @HandleEvent(versionRejectedV1)
  async onVersionRejected(event: CloudEvent<EventData<typeof versionRejectedV1>>): Promise<void> {
    const { modelName, version, versionId, application, reasons, runId } = event.data;
    const reason = reasons.map(({ detail }) => detail).join('; ');
    await this.save(event, (tx) =>
      this.views.saveVersion(tx, {
        modelName,
        version,
        versionId,
        application,
        admission: 'rejected',
        reason,
        runId,
        admitted: null,
      }),
    );
  }

  @HandleEvent(datasetVersionCommittedV1)
  async onDataset(event: CloudEvent<EventData<typeof datasetVersionCommittedV1>>): Promise<void> {
    const { datasetName, version, digest, format } = event.data;
    await this.save(event, (tx) => this.views.saveDataset(tx, { datasetName, version, digest, format }));
  }

  @HandleEvent(applicationChangedV1)
  async onApplication(event: CloudEvent<EventData<typeof applicationChangedV1>>): Promise<void> {
    const { name, suite } = event.data;
    await this.save(event, (tx) => this.views.saveApplication(tx, { name, suite }));
    await this.queueEvaluation.onApplication(name);
    this.loop.wake();
  }

  @HandleEvent(runCompletedV1)
  async onRunCompleted(event: CloudEvent<EventData<typeof runCompletedV1>>): Promise<void> {
    const { runId, fleetRunId, modelName, outcome, reason } = event.data;
    if (fleetRunId === null) return;
    await this.save(event, (tx) => this.views.saveRun(tx, { runId, fleetRunId, modelName, outcome, reason }));
  }

  @HandleEvent(fleetRunChangedV1)
  async onFleetRun(event: CloudEvent<EventData<typeof fleetRunChangedV1>>): Promise<void> {
    const { fleetRunId, application, status, counts } = event.data;
    const isEnded = status === 'completed' || status === 'failed' || status === 'cancelled';
    // what was cancelled never completes, so the runs to wait for are those that did
    const total = isEnded ? counts.succeeded + counts.inconclusive + counts.failed : counts.total;
    await this.save(event, (tx) => this.views.saveFleetRun(tx, { fleetRunId, application, isEnded, total }));
  }

  @HandleEvent(approvalRequestedV1)
  async onApprovalRequested(event: CloudEvent<EventData<typeof approvalRequestedV1>>): Promise<void> {
    const { approvalId, kind, subjectId, evidenceDigest } = event.data;
    if (ours(kind))
      await this.saveApproval(event, {
        approvalId,
        subjectId,
        evidenceDigest,
        status: 'pending',
        decidedBy: null,
        reason: '',
      });
  }

  @HandleEvent(approvalDecidedV1)
  async onApprovalDecided(event: CloudEvent<EventData<typeof approvalDecidedV1>>): Promise<void> {
    const { approvalId, kind, subjectId, evidenceDigest, decision, decidedBy, comment } = event.data;
    if (ours(kind))
      await this.saveApproval(event, {
        approvalId,
        subjectId,
        evidenceDigest,
        status: decision,
        decidedBy,
        reason: `${decision} by ${decidedBy}${comment === '' ? '' : `: ${comment}`}`,
      });
  }

  @HandleEvent(approvalVoidedV1)
  async onApprovalVoided(event: CloudEvent<EventData<typeof approvalVoidedV1>>): Promise<void> {
    const { approvalId, kind, subjectId, evidenceDigest, reason } = event.data;
    if (ours(kind))
      await this.saveApproval(event, {
        approvalId,
        subjectId,
        evidenceDigest,
        status: 'void',
        decidedBy: null,
        reason,
      });
  }

  @HandleEvent(rolloutChangedV1)
  async onRollout(event: CloudEvent<EventData<typeof rolloutChangedV1>>): Promise<void> {
    const { promotionId, status, reason } = event.data;
    if (promotionId !== null)
      await this.save(event, (tx) => this.views.saveRollout(tx, { promotionId, status, reason }));
  }

  private saveApproval(event: CloudEvent, view: ApprovalView): Promise<void> {
    return this.save(event, (tx) => this.views.saveApproval(tx, view));
  }

  private async save(event: CloudEvent, effect: (tx: Tx) => Promise<unknown>): Promise<void> {
    await this.work.handle(event, effect);
    this.loop.wake();
  }
}
