import { type CloudEvent, type EventData, tenantKeyRotationRequestedV1, tenantPurgedV1 } from '@myriad/contracts';
import { HandleEvent } from '@myriad/messaging';
import { UnitOfWork } from '@myriad/persistence';
import { Controller } from '@nestjs/common';
import { ManageTenantKeys } from '../application/manage-tenant-keys.js';

/** What the registry does with a tenant's key when the platform wants it changed or gone. */
@Controller()
export class TenantKeyHandlers {
  constructor(
    private readonly work: UnitOfWork,
    private readonly keys: ManageTenantKeys,
  ) {}

  @HandleEvent(tenantKeyRotationRequestedV1)
  async onRotation(event: CloudEvent<EventData<typeof tenantKeyRotationRequestedV1>>): Promise<void> {
    await this.work.handle(event, (tx) => this.keys.rotate(tx));
  }

  @HandleEvent(tenantPurgedV1)
  async onPurged(event: CloudEvent<EventData<typeof tenantPurgedV1>>): Promise<void> {
    await this.work.handle(event, (tx) => this.keys.shred(tx));
  }
}
