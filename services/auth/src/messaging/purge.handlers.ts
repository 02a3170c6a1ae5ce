import { tenantShreddedV1, type CloudEvent, type EventData } from '@myriad/contracts';
import { HandleEvent } from '@myriad/messaging';
import { UnitOfWork } from '@myriad/persistence';
import { Controller } from '@nestjs/common';
import { PurgeTenant } from '../application/purge-tenant.js';

/** Keeps the receipts of purges. */
@Controller()
export class PurgeHandlers {
  constructor(
    private readonly uow: UnitOfWork,
    private readonly purge: PurgeTenant,
  ) {}

  @HandleEvent(tenantShreddedV1)
  async onShredded(event: CloudEvent<EventData<typeof tenantShreddedV1>>): Promise<void> {
    const { keys, objects, sizeBytes, completedAt } = event.data;
    await this.uow.handle(event, (tx) => this.purge.onShredded(tx, { keys, objects, sizeBytes, completedAt }));
  }
}
