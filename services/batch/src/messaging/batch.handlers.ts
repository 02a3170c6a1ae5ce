import {
  type CloudEvent,
  type EventData,
  datasetVersionCommittedV1,
  grantChangedV1,
  placementChangedV1,
} from '@myriad/contracts';
import { GrantView } from '@myriad/grants';
import { HandleEvent } from '@myriad/messaging';
import { UnitOfWork } from '@myriad/persistence';
import { Controller, Inject } from '@nestjs/common';
import { VIEW_STORE, type ViewStore } from '../application/ports.js';

/** Keeps what is placed where, which datasets there are, and who may use them. */
@Controller()
export class BatchHandlers {
  constructor(
    private readonly work: UnitOfWork,
    private readonly grants: GrantView,
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
      serving,
    } = event.data;
    const model = { modelName, version, versionId, application, artifactDigest, signature, batchInvariant, serving };
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

  @HandleEvent(grantChangedV1)
  async onGrant(event: CloudEvent<EventData<typeof grantChangedV1>>): Promise<void> {
    await this.work.handle(event, (tx) => this.grants.save(tx, event.data));
  }
}
