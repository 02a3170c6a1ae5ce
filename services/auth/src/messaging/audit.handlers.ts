import { aliasMovedV1, requestAuditedV1, rolloutChangedV1, type CloudEvent, type EventData } from '@myriad/contracts';
import { HandleEvent } from '@myriad/messaging';
import { UnitOfWork } from '@myriad/persistence';
import { Controller } from '@nestjs/common';
import { AuditTrail } from '../application/audit-trail.js';

/** Writes what happened elsewhere into the chains. */
@Controller()
export class AuditHandlers {
  constructor(
    private readonly uow: UnitOfWork,
    private readonly audit: AuditTrail,
  ) {}

  @HandleEvent(requestAuditedV1)
  async onRequestAudited(event: CloudEvent<EventData<typeof requestAuditedV1>>): Promise<void> {
    const { principalId, method, route, requestId, status, count, code, at } = event.data;
    await this.uow.handle(event, (tx) =>
      this.audit.record(tx, {
        actor: principalId,
        action: 'request',
        object: `${method} ${route}`,
        details: { requestId, status, count, code, at },
      }),
    );
  }

  @HandleEvent(aliasMovedV1)
  async onAliasMoved(event: CloudEvent<EventData<typeof aliasMovedV1>>): Promise<void> {
    const { modelName, alias, version, previousVersion, movedBy, reason } = event.data;
    await this.uow.handle(event, (tx) =>
      this.audit.record(tx, {
        actor: movedBy,
        action: 'alias.moved',
        object: `${modelName}@${alias}`,
        details: { version, previousVersion, reason },
      }),
    );
  }

  @HandleEvent(rolloutChangedV1)
  async onRolloutChanged(event: CloudEvent<EventData<typeof rolloutChangedV1>>): Promise<void> {
    const { rolloutId, modelName, version, previousVersion, environment, promotionId, status, reason } = event.data;
    await this.uow.handle(event, (tx) =>
      this.audit.record(tx, {
        actor: 'sys_deployer',
        action: `rollout.${status}`,
        object: rolloutId,
        details: { modelName, version, previousVersion, environment, promotionId, reason },
      }),
    );
  }
}
