import type { CloudEvent, EventDefinition } from '@myriad/contracts';
import type { EventLog } from '../event-log.port.js';
import { appendTraced } from './event-spans.js';
import { toRecord } from './make-event.js';

/** An event and the contract it was made by. */
export interface PublishedEvent {
  readonly definition: EventDefinition;
  readonly event: CloudEvent;
}

/** Publishes events that follow from no state change (usage, samples, audits); state changes go through the outbox. */
export type EventPublisher = (events: readonly PublishedEvent[]) => Promise<void>;

/** A publisher straight into the log; resolves when the events are durable. */
export function eventPublisher(log: Pick<EventLog, 'append'>): EventPublisher {
  return (events) =>
    appendTraced(
      log,
      events.map(({ event, definition }) => toRecord(event, definition)),
    );
}
