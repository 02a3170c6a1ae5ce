import { type CloudEvent, type EventData, batchObjectsNamedV1, objectsSuspectedV1 } from '@myriad/contracts';
import { HandleEvent } from '@myriad/messaging';
import { UnitOfWork } from '@myriad/persistence';
import { Controller, Inject } from '@nestjs/common';
import { NAMED_OBJECTS, type NamedObjects } from '../application/ports.js';

/** Tells the registry, which collects objects that nobody names, what rows here name. */
@Controller()
export class ObjectHandlers {
  constructor(
    private readonly work: UnitOfWork,
    @Inject(NAMED_OBJECTS) private readonly named: NamedObjects,
  ) {}

  @HandleEvent(objectsSuspectedV1)
  async onSuspected(event: CloudEvent<EventData<typeof objectsSuspectedV1>>): Promise<void> {
    const { tenantId, sweepId, digests } = event.data;
    await this.work.handle(event, async (tx) =>
      tx.emit(batchObjectsNamedV1, { tenantId, sweepId, digests: await this.named.among(tx, digests) }),
    );
  }
}
