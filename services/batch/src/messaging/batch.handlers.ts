import { type CloudEvent, type EventData, datasetVersionCommittedV1, placementChangedV1 } from '@myriad/contracts';
import { HandleEvent } from '@myriad/messaging';
import { UnitOfWork } from '@myriad/persistence';
import { Controller, Inject } from '@nestjs/common';
import { VIEW_STORE, type ViewStore } from '../application/ports.js';

/** Keeps what is placed where, and which datasets there are. */
@Controller()
export class BatchHandlers {
  constructor(
    private readonly work: UnitOfWork,
    @Inject(VIEW_STORE) private readonly views: ViewStore,
  ) {}

  @HandleEvent(placementChangedV1)
  async onPlacement(event: CloudEvent<EventData<typeof placementChangedV1>>): Promise<void> {
    const {
      environment,
      generation,
      status,
      modelName,
      version,
      versionId,
      application,
      artifactDigest,
      signature,
      batchInvariant,
    } = event.data;
    const model = { modelName, version, versionId, application, artifactDigest, signature, batchInvariant };
    await this.work.handle(event, (tx) =>
      this.views.savePlacement(tx, { environment, generation, isActive: status === 'active', model }),
    );
  }

  @HandleEvent(datasetVersionCommittedV1)
  async onDataset(event: CloudEvent<EventData<typeof datasetVersionCommittedV1>>): Promise<void> {
    const { datasetName: name, version, digest, format, columns } = event.data;
    await this.work.handle(event, (tx) =>
      this.views.saveDataset(tx, { name, version, digest, format, columns: columns.map((column) => column.name) }),
    );
  }
}
