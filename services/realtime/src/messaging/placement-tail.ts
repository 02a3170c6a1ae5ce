import { placementChangedV1, type CloudEvent, type EventData } from '@myriad/contracts';
import { tenantId } from '@myriad/kernel';
import { tailEvents, type EventLog, type EventTail } from '@myriad/messaging';
import type { Logger } from '@myriad/telemetry';
import type { ApplyPlacement } from '../application/apply-placement.js';
import { Readiness } from '../application/readiness.port.js';

/** Follows the deployer's placements, from the first that still holds. */
export class PlacementTail extends Readiness {
  private tail: EventTail | undefined;
  private isCaughtUp = false;

  constructor(
    private readonly log: EventLog,
    private readonly placements: ApplyPlacement,
    private readonly logger: Logger,
  ) {
    super();
  }

  /** Whether every placement that stood in the log at the start is known. */
  get isReady(): boolean {
    return this.isCaughtUp;
  }

  async start(): Promise<void> {
    this.tail = await tailEvents(
      this.log,
      {
        [placementChangedV1.type]: (event: CloudEvent<EventData<typeof placementChangedV1>>) => {
          this.placements.apply({ ...event.data, tenantId: tenantId(event.data.tenantId) }, Date.parse(event.time));
        },
      },
      { logger: this.logger },
    );
    void this.tail.caughtUp.then(
      () => {
        this.isCaughtUp = true;
        this.placements.start();
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
