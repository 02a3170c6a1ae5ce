import type { CloudEvent } from '@myriad/contracts';
import { BaseRpcContext } from '@nestjs/microservices';
import type { StoredRecord } from '../event-log.port.js';

/** Second argument of an event handler. */
export class EventContext extends BaseRpcContext<[StoredRecord]> {
  constructor(
    readonly event: CloudEvent,
    readonly record: StoredRecord,
    /** Aborts when the partition is taken away or the service stops: long work should end soon; it will be delivered again. */
    readonly signal: AbortSignal,
    /** 1 for the first try of this delivery. */
    readonly attempt: number,
  ) {
    super([record]);
  }
}
