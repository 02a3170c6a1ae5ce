import {
  type CloudEvent,
  type EventData,
  authObjectsNamedV1,
  batchObjectsNamedV1,
  evaluatorObjectsNamedV1,
  trainingObjectsNamedV1,
} from '@myriad/contracts';
import { HandleEvent } from '@myriad/messaging';
import { UnitOfWork } from '@myriad/persistence';
import { Controller } from '@nestjs/common';
import { CollectOrphans } from '../application/collect-orphans.js';
import type { Namer } from '../domain/object-sweep.js';

type Answer = CloudEvent<EventData<typeof authObjectsNamedV1>>;

/** Takes what the other services say of objects that the registry suspects. */
@Controller()
export class ObjectHandlers {
  constructor(
    private readonly work: UnitOfWork,
    private readonly orphans: CollectOrphans,
  ) {}

  @HandleEvent(authObjectsNamedV1)
  onAuth(event: Answer): Promise<void> {
    return this.take('auth', event);
  }

  @HandleEvent(trainingObjectsNamedV1)
  onTraining(event: Answer): Promise<void> {
    return this.take('training', event);
  }

  @HandleEvent(evaluatorObjectsNamedV1)
  onEvaluator(event: Answer): Promise<void> {
    return this.take('evaluator', event);
  }

  @HandleEvent(batchObjectsNamedV1)
  onBatch(event: Answer): Promise<void> {
    return this.take('batch', event);
  }

  private async take(by: Namer, event: Answer): Promise<void> {
    await this.work.handle(event, (tx) => this.orphans.onAnswer(tx, by, event.data));
  }
}
