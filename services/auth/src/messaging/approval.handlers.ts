import {
  grantRequestedV1,
  promotionRequestedV1,
  promotionSupersededV1,
  versionReviewRequestedV1,
  type CloudEvent,
  type EventData,
} from '@myriad/contracts';
import { HandleEvent } from '@myriad/messaging';
import { UnitOfWork } from '@myriad/persistence';
import { Controller } from '@nestjs/common';
import { OpenApproval } from '../application/open-approval.js';
import { VoidApprovals } from '../application/void-approvals.js';

/** Opens and voids approvals as the asking services say. */
@Controller()
export class ApprovalHandlers {
  constructor(
    private readonly uow: UnitOfWork,
    private readonly open: OpenApproval,
    private readonly voidApprovals: VoidApprovals,
  ) {}

  @HandleEvent(grantRequestedV1)
  async onGrantRequested(event: CloudEvent<EventData<typeof grantRequestedV1>>): Promise<void> {
    const { grantId, principalId, datasetName, purpose, justification, evidenceDigest, requestedBy, expiresAt } =
      event.data;
    await this.uow.handle(event, (tx) =>
      this.open.execute(tx, {
        kind: 'grant',
        subjectId: grantId,
        evidenceDigest,
        summary: `${principalId} asks to use ${datasetName} for ${purpose}: ${justification}`,
        requestedBy,
        beneficiary: principalId,
        expiresAt: new Date(expiresAt),
      }),
    );
  }

  @HandleEvent(versionReviewRequestedV1)
  async onReviewRequested(event: CloudEvent<EventData<typeof versionReviewRequestedV1>>): Promise<void> {
    const { versionId, modelName, version, reasons, evidenceDigest, requestedBy, expiresAt } = event.data;
    await this.uow.handle(event, (tx) =>
      this.open.execute(tx, {
        kind: 'version-review',
        subjectId: versionId,
        evidenceDigest,
        summary: `${modelName} version ${version}: ${reasons.map((reason) => reason.detail).join('; ')}`,
        requestedBy,
        expiresAt: new Date(expiresAt),
      }),
    );
  }

  @HandleEvent(promotionRequestedV1)
  async onPromotionRequested(event: CloudEvent<EventData<typeof promotionRequestedV1>>): Promise<void> {
    const { kind, promotionId, evidenceDigest, summary, requestedBy, expiresAt } = event.data;
    const request = { kind, subjectId: promotionId, evidenceDigest, summary, requestedBy };
    await this.uow.handle(event, (tx) => this.open.execute(tx, { ...request, expiresAt: new Date(expiresAt) }));
  }

  @HandleEvent(promotionSupersededV1)
  async onPromotionSuperseded(event: CloudEvent<EventData<typeof promotionSupersededV1>>): Promise<void> {
    const { kind, promotionId, evidenceDigest, reason } = event.data;
    const superseded = { kind, subjectId: promotionId, evidenceDigest, reason };
    await this.uow.handle(event, (tx) => this.voidApprovals.ofSubject(tx, superseded));
  }
}
