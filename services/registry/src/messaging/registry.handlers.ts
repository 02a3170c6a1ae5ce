import {
  type CloudEvent,
  type EventData,
  approvalDecidedV1,
  approvalVoidedV1,
  promotionCompletedV1,
  runCompletedV1,
} from '@myriad/contracts';
import { HandleEvent } from '@myriad/messaging';
import { UnitOfWork } from '@myriad/persistence';
import { Controller } from '@nestjs/common';
import { AdmitVersion } from '../application/admit-version.js';
import { ManageGrants } from '../application/manage-grants.js';
import { MoveAliases } from '../application/move-aliases.js';
import { RegisterVersion } from '../application/register-version.js';
import { WorkLoop } from '../application/work-loop.js';

/** What the registry does when runs end, people decide, and versions go live. */
@Controller()
export class RegistryHandlers {
  constructor(
    private readonly work: UnitOfWork,
    private readonly register: RegisterVersion,
    private readonly admit: AdmitVersion,
    private readonly grants: ManageGrants,
    private readonly aliases: MoveAliases,
    private readonly loop: WorkLoop,
  ) {}

  @HandleEvent(runCompletedV1)
  async onRunCompleted(event: CloudEvent<EventData<typeof runCompletedV1>>): Promise<void> {
    const { data } = event;
    const {
      outcome,
      artifactDigest,
      modelName,
      application,
      parityDigest,
      sizeBytes,
      runId,
      fleetRunId,
      datasetDigests,
      recipeDigest,
      parameters,
    } = data;
    if (outcome !== 'succeeded' || artifactDigest === null) return;
    const lineage = { runId, fleetRunId, datasetDigests, recipeDigest, parameters };
    await this.work.handle(event, (tx) =>
      this.register.onRun(tx, {
        modelName,
        application,
        artifactDigest,
        parityDigest,
        sizeBytes,
        lineage,
        registeredBy: 'sys_training',
      }),
    );
    this.loop.wake();
  }

  @HandleEvent(approvalDecidedV1)
  async onApprovalDecided(event: CloudEvent<EventData<typeof approvalDecidedV1>>): Promise<void> {
    const { kind, subjectId, evidenceDigest, decision, decidedBy, comment } = event.data;
    const isApproved = decision === 'approved';
    if (kind === 'grant')
      await this.work.handle(event, (tx) =>
        this.grants.onDecision(tx, {
          grantId: subjectId,
          evidenceDigest,
          status: isApproved ? 'active' : 'rejected',
          decidedBy,
        }),
      );
    if (kind === 'version-review')
      await this.work.handle(event, (tx) =>
        this.admit.onReview(tx, { versionId: subjectId, reviewDigest: evidenceDigest, isApproved, decidedBy, comment }),
      );
  }

  @HandleEvent(approvalVoidedV1)
  async onApprovalVoided(event: CloudEvent<EventData<typeof approvalVoidedV1>>): Promise<void> {
    const { kind, subjectId, evidenceDigest, reason } = event.data;
    if (kind === 'grant')
      await this.work.handle(event, (tx) => this.grants.onVoid(tx, { grantId: subjectId, evidenceDigest }));
    if (kind === 'version-review')
      await this.work.handle(event, (tx) =>
        this.admit.onReview(tx, {
          versionId: subjectId,
          reviewDigest: evidenceDigest,
          isApproved: false,
          decidedBy: 'nobody',
          comment: `the review is void: ${reason}`,
        }),
      );
  }

  @HandleEvent(promotionCompletedV1)
  async onPromotionCompleted(event: CloudEvent<EventData<typeof promotionCompletedV1>>): Promise<void> {
    const { modelName, version, alias, approvedBy, promotionId, campaignId, environment } = event.data;
    const reason = `live in ${environment} by ${campaignId === null ? `promotion ${promotionId}` : `campaign ${campaignId}`}`;
    await this.work.handle(event, (tx) =>
      this.aliases.moveAsPromoted(tx, { modelName, alias, version, movedBy: approvedBy, reason }),
    );
  }
}
