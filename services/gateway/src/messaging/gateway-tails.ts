import {
  keyChangedV1,
  placementChangedV1,
  poolChangedV1,
  principalChangedV1,
  signingKeysChangedV1,
  tenantChangedV1,
  type CloudEvent,
  type EventData,
} from '@myriad/contracts';
import { tailEvents, type EventLog, type EventTail, type SnapshotStore, type TailHandler } from '@myriad/messaging';
import type { Logger } from '@myriad/telemetry';
import type { IdentityTables } from '../application/identity-tables.js';
import type { PlacementTable } from '../application/placement-table.js';
import type { UserTokenVerifier } from '../application/ports.js';

export interface GatewayTailsOptions {
  readonly log: EventLog;
  /** Where snapshots of the topics are, if they are to be begun with. */
  readonly snapshots?: SnapshotStore | undefined;
  readonly identities: IdentityTables;
  readonly placements: PlacementTable;
  readonly userTokens: UserTokenVerifier;
  readonly logger: Logger;
}

/** Keeps the tables up to date: reads the compacted topics of auth and the deployer, from their snapshots or their start, and follows them. */
export class GatewayTails {
  private tail: EventTail | undefined;
  private caughtUp = false;

  constructor(private readonly options: GatewayTailsOptions) {}

  /** Whether everything that was true at the start is known. */
  get isCaughtUp(): boolean {
    return this.caughtUp;
  }

  /** Resolves when it follows; {@link caughtUpOnce} says when it has caught up. */
  async start(): Promise<void> {
    const { log, logger, snapshots } = this.options;
    this.tail = await tailEvents(log, this.handlers(), { logger, snapshots });
  }

  async caughtUpOnce(): Promise<void> {
    await this.tail?.caughtUp;
    this.caughtUp = true;
  }

  async close(): Promise<void> {
    await this.tail?.close();
  }

  private handlers(): Readonly<Record<string, TailHandler>> {
    const { identities, placements, userTokens } = this.options;
    return {
      [tenantChangedV1.type]: ({ data }: CloudEvent<EventData<typeof tenantChangedV1>>) => {
        identities.setTenant(data);
      },
      [principalChangedV1.type]: ({ data }: CloudEvent<EventData<typeof principalChangedV1>>) => {
        identities.setPrincipal(data);
      },
      [keyChangedV1.type]: ({ data }: CloudEvent<EventData<typeof keyChangedV1>>) => {
        identities.setKey(data);
      },
      [signingKeysChangedV1.type]: ({ data }: CloudEvent<EventData<typeof signingKeysChangedV1>>) =>
        userTokens.setKeys(data.keys),
      [placementChangedV1.type]: ({ data }: CloudEvent<EventData<typeof placementChangedV1>>) => {
        placements.setPlacement(data);
      },
      [poolChangedV1.type]: ({ data }: CloudEvent<EventData<typeof poolChangedV1>>) => {
        placements.setPool(data);
      },
    };
  }
}
