import { type CloudEvent, type EventData, aliasMovedV1 } from '@myriad/contracts';
import { type EventLog, type EventTail, tailEvents } from '@myriad/messaging';
import type { Logger } from '@myriad/telemetry';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { AliasCache } from '../application/alias-cache.js';
import { EVENT_LOG, LOGGER } from '../application/ports.js';

/** Tells this replica's cache of moves that any replica made. */
@Injectable()
export class AliasTail implements OnApplicationBootstrap, OnApplicationShutdown {
  private tail: EventTail | undefined;

  constructor(
    @Inject(EVENT_LOG) private readonly log: EventLog,
    private readonly cache: AliasCache,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const onMoved = ({ data }: CloudEvent<EventData<typeof aliasMovedV1>>): void => {
      this.cache.outdate(data.tenantId, data.modelName, data.alias);
    };
    this.tail = await tailEvents(this.log, { [aliasMovedV1.type]: onMoved }, { logger: this.logger });
    this.tail.caughtUp.then(
      () => {
        this.cache.open();
      },
      () => undefined,
    );
  }

  async onApplicationShutdown(): Promise<void> {
    await this.tail?.close();
  }
}
