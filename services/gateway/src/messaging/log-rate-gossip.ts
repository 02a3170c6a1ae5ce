import { type CloudEvent, type EventData, rateUsedV1 } from '@myriad/contracts';
import { PLATFORM_TENANT } from '@myriad/kernel';
import { type EventLog, type EventTail, makeEvent, tailEvents, toRecord } from '@myriad/messaging';
import type { Logger } from '@myriad/telemetry';
import { RateGossip, type RateUsed } from '../application/ports.js';

/** Over a topic of one partition that keeps its events for minutes. */
export class LogRateGossip extends RateGossip {
  private tail: EventTail | undefined;

  constructor(
    private readonly log: EventLog,
    private readonly logger: Logger,
  ) {
    super();
  }

  publish(words: readonly RateUsed[]): Promise<void> {
    return this.log.append(
      words.map((data) =>
        toRecord(makeEvent(rateUsedV1, { tenantId: PLATFORM_TENANT, data, source: 'gateway' }), rateUsedV1),
      ),
    );
  }

  async listen(hear: (word: RateUsed) => void): Promise<void> {
    const handlers = {
      [rateUsedV1.type]: ({ data }: CloudEvent<EventData<typeof rateUsedV1>>) => {
        hear(data);
      },
    };
    this.tail = await tailEvents(this.log, handlers, { logger: this.logger });
  }

  async close(): Promise<void> {
    await this.tail?.close();
  }
}
