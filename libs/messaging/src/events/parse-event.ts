import { cloudEventSchema, eventsByType, type CloudEvent, type EventDefinition } from '@myriad/contracts';
import type { StoredRecord } from '../event-log.port.js';
import { messagingProblem } from '../messaging-problem.js';
import { invalidEvent } from './make-event.js';

/** Where an event's contract is looked up. */
export type Definitions = ReadonlyMap<string, EventDefinition>;

/**
 * The event of a record, its envelope and data checked against the contract, and that all of it is of one tenant.
 * @throws {ProblemError} `messaging.invalid_event` when it is no event, of no known type, against its contract, or of two tenants.
 */
export function parseEvent(
  record: Pick<StoredRecord, 'key' | 'value'>,
  definitions: Definitions = eventsByType,
): CloudEvent {
  const envelope = cloudEventSchema.safeParse(jsonOf(record.value));
  if (!envelope.success) throw invalidEvent('the record', 'envelope', envelope.error);
  const definition = definitions.get(envelope.data.type);
  if (!definition) throw refused(`'${envelope.data.type}' is no event type of the contracts`);
  const data = definition.data.safeParse(envelope.data.data);
  if (!data.success) throw invalidEvent(definition.type, 'data', data.error);
  const event = { ...envelope.data, data: data.data } as CloudEvent;
  assertOneTenant(event, definition, record.key);
  return event;
}

/**
 * Handlers work in the tenant of the envelope, with what the data says, and partitions and compaction go by the key: where they do not agree,
 * the event would write one tenant's data into another, or stand in another's place.
 * @throws {ProblemError} `messaging.invalid_event`
 */
export function assertOneTenant(
  { type, tenantid, subject, data }: CloudEvent,
  definition: EventDefinition,
  key: string,
): void {
  const right = definition.key(data, tenantid);
  if (!right.startsWith(tenantid) || !['', '/'].includes(right.charAt(tenantid.length)))
    throw refused(`the envelope of ${type} is of the tenant '${tenantid}', its data of another`);
  if (subject !== right || key !== right)
    throw refused(`${type} has the key '${key}' and the subject '${subject}'; by its data both are '${right}'`);
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
