import { placementChangedV1, type CloudEvent, type EventData } from '@myriad/contracts';
import { tenantId } from '@myriad/kernel';
import { tailEvents, type EventLog, type EventTail, type SnapshotStore } from '@myriad/messaging';
import type { Logger } from '@myriad/telemetry';
import type { ApplyPlacement } from '../application/apply-placement.js';
import { Readiness } from '../application/readiness.port.js';
import { PlacementRows } from './placement-rows.js';

export interface PlacementTailOptions {
  readonly log: EventLog;
  /** Where snapshots of the placements are, if they are to be begun with. */
  readonly snapshots?: SnapshotStore | undefined;
  readonly placements: ApplyPlacement;
  readonly logger: Logger;
}

/** Follows the deployer's placements, from a snapshot or the first that still holds. */
export class PlacementTail extends Readiness {
  private tail: EventTail | undefined;
  private isCaughtUp = false;

  constructor(private readonly options: PlacementTailOptions) {
    super();
  }

  /** Whether every placement that stood in the log at the start is known. */
  get isReady(): boolean {
    return this.isCaughtUp;
  }

  async start(): Promise<void> {
    const { log, snapshots, placements, logger } = this.options;
    const rows = new PlacementRows(placements);
    this.tail = await tailEvents(
      log,
      {
        [placementChangedV1.type]: (event: CloudEvent<EventData<typeof placementChangedV1>>) => {
          const change = { ...event.data, tenantId: tenantId(event.data.tenantId) };
          placements.apply(change, Date.parse(event.time));
          if (!this.isCaughtUp) rows.learn(placements.likeOf(change));
        },
      },
      { logger, snapshots, rows: { [placementChangedV1.type]: (row) => rows.take(row) } },
    );
    rows.end();
    void this.tail.caughtUp.then(
      () => {
        this.isCaughtUp = true;
        placements.start();
      },
      () => undefined,
    );
  }

  /** Resolves when every placement that stood in the log at the start is known. */
  async caughtUpOnce(): Promise<void> {
    await this.tail?.caughtUp;
  }

  async close(): Promise<void> {
    await this.tail?.close();
  }
}
