import {
  type CloudEvent,
  type EventData,
  applicationChangedV1,
  datasetVersionCommittedV1,
  grantChangedV1,
} from '@myriad/contracts';
import { GrantView } from '@myriad/grants';
import { HandleEvent } from '@myriad/messaging';
import { UnitOfWork } from '@myriad/persistence';
import { Controller, Inject } from '@nestjs/common';
import { VIEW_STORE, type ViewStore } from '../application/ports.js';

/** Keeps what the registry tells of datasets, grants and applications. */
@Controller()
export class TrainingHandlers {
  constructor(
    private readonly work: UnitOfWork,
    private readonly grants: GrantView,
    @Inject(VIEW_STORE) private readonly views: ViewStore,
  ) {}

  @HandleEvent(datasetVersionCommittedV1)
  async onDataset(event: CloudEvent<EventData<typeof datasetVersionCommittedV1>>): Promise<void> {
    const { datasetName: name, version, digest, format } = event.data;
    await this.work.handle(event, (tx) => this.views.saveDataset(tx, { name, version, digest, format }));
  }

  @HandleEvent(grantChangedV1)
  async onGrant(event: CloudEvent<EventData<typeof grantChangedV1>>): Promise<void> {
    await this.work.handle(event, (tx) => this.grants.save(tx, event.data));
  }

  @HandleEvent(applicationChangedV1)
  async onApplication(event: CloudEvent<EventData<typeof applicationChangedV1>>): Promise<void> {
    const { name, features, label, recipe } = event.data;
    await this.work.handle(event, (tx) => this.views.saveApplication(tx, { name, features, label, recipe }));
  }
}
