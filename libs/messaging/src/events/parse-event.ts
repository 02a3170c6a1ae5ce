import { cloudEventSchema, eventsByType, type CloudEvent, type EventDefinition } from '@myriad/contracts';
import type { StoredRecord } from '../event-log.port.js';
import type { MessagingLogger } from '../messaging-logger.js';
import { messagingProblem } from '../messaging-problem.js';
import { invalidEvent } from './make-event.js';

/** Where an event's contract is looked up. */
export type Definitions = ReadonlyMap<string, EventDefinition>;

/**
 * The event of a record, its envelope and data checked against the contract, and that all of it is of one tenant. Of one that was checked before ({@link StoredRecord.isChecked}) only the latter.
 * @throws {ProblemError} `messaging.invalid_event` when it is no event, of no known type, against its contract, or of two tenants.
 */
export function parseEvent(
  record: Pick<StoredRecord, 'key' | 'value' | 'isChecked'>,
  definitions: Definitions = eventsByType,
): CloudEvent {
  if (record.isChecked === true) return checkedEvent(record, definitions);
  const envelope = cloudEventSchema.safeParse(jsonOf(record.value));
  if (!envelope.success) throw invalidEvent('the record', 'envelope', envelope.error);
  const definition = definitions.get(envelope.data.type);
  if (!definition) throw refused(`'${envelope.data.type}' is no event type of the contracts`);
  const data = definition.data.safeParse(envelope.data.data);
  if (!data.success) throw invalidEvent(definition.type, 'data', data.error);
  const event = { ...envelope.data, data: data.data } as CloudEvent;
  checkTenant(event, definition, record.key);
  return event;
}

/** Whether {@link parseEvent} takes a record; what it does not take is logged. */
export function isEventRecord(record: StoredRecord, logger: MessagingLogger): boolean {
  try {
    parseEvent(record);
    return true;
  } catch (error) {
    const { topic, partition, offset } = record;
    logger.error({ err: error, topic, partition, offset: String(offset) }, 'left out a record that is no valid event');
    return false;
  }
}

function checkedEvent(record: Pick<StoredRecord, 'key' | 'value'>, definitions: Definitions): CloudEvent {
  const event = jsonOf(record.value) as CloudEvent;
  const definition = definitions.get(event.type);
  if (!definition) throw refused(`'${event.type}' is no event type of the contracts`);
  checkTenant(event, definition, record.key);
  return event;
}

/**
 * Handlers work in the tenant of the envelope, with what the data says, and partitions and compaction go by the key: where they do not agree,
 * the event would write one tenant's data into another, or stand in another's place.
 */
function checkTenant({ type, tenantid, subject, data }: CloudEvent, definition: EventDefinition, key: string): void {
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
