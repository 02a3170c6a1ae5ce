import { cloudEventSchema, eventsByType, type CloudEvent, type EventDefinition } from '@myriad/contracts';
import type { StoredRecord } from '../event-log.port.js';
import { messagingProblem } from '../messaging-problem.js';
import { invalidEvent } from './make-event.js';

/** Where an event's contract is looked up. */
export type Definitions = ReadonlyMap<string, EventDefinition>;

/**
 * The event of a record, its envelope and data checked against the contract.
 * @throws {ProblemError} `messaging.invalid_event` when it is no event, of no known type, or against its contract.
 */
export function parseEvent(record: Pick<StoredRecord, 'value'>, definitions: Definitions = eventsByType): CloudEvent {
  const envelope = cloudEventSchema.safeParse(jsonOf(record.value));
  if (!envelope.success) throw invalidEvent('the record', 'envelope', envelope.error);
  const definition = definitions.get(envelope.data.type);
  if (!definition) throw refused(`'${envelope.data.type}' is no event type of the contracts`);
  const data = definition.data.safeParse(envelope.data.data);
  if (!data.success) throw invalidEvent(definition.type, 'data', data.error);
  return { ...envelope.data, data: data.data } as CloudEvent;
}

function refused(detail: string, cause?: unknown): Error {
  return messagingProblem('unprocessable', 'invalid_event', detail, cause === undefined ? {} : { cause });
}

function jsonOf(value: Buffer | null): unknown {
  if (value === null) throw refused('the record is a tombstone, which holds no event');
  try {
    return JSON.parse(value.toString('utf8'));
  } catch (cause) {
    throw refused('the record is not JSON', cause);
  }
}
