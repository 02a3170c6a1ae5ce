import {
  authObjectsNamedV1,
  objectsRemovedV1,
  objectsSuspectedV1,
  type CloudEvent,
  type EventData,
} from '@myriad/contracts';
import { HandleEvent } from '@myriad/messaging';
import { UnitOfWork } from '@myriad/persistence';
import { Controller } from '@nestjs/common';
import { AuditTrail } from '../application/audit-trail.js';
import { NamedObjects } from '../application/ports/named-objects.js';

/** Tells the registry, which collects objects that nobody names, what rows here name, and writes down what it removed. */
@Controller()
export class ObjectHandlers {
  constructor(
    private readonly uow: UnitOfWork,
    private readonly named: NamedObjects,
    private readonly audit: AuditTrail,
  ) {}

  @HandleEvent(objectsSuspectedV1)
  async onSuspected(event: CloudEvent<EventData<typeof objectsSuspectedV1>>): Promise<void> {
    const { tenantId, sweepId, digests } = event.data;
    await this.uow.handle(event, async (tx) =>
      tx.emit(authObjectsNamedV1, { tenantId, sweepId, digests: await this.named.among(tx, digests) }),
    );
  }

  @HandleEvent(objectsRemovedV1)
  async onRemoved(event: CloudEvent<EventData<typeof objectsRemovedV1>>): Promise<void> {
    const { sweepId, digests, sizeBytes, removedAt } = event.data;
    await this.uow.handle(event, (tx) =>
      this.audit.record(tx, {
        actor: 'sys_registry',
        action: 'objects.removed',
        object: sweepId,
        details: { digests, sizeBytes, removedAt },
      }),
    );
  }
}
