import { createHash } from 'node:crypto';
import type { CloudEvent, EventData, EventDefinition } from '@myriad/contracts';
import { ProblemError, uuidv7 } from '@myriad/kernel';
import { LOCKS } from './advisory-lock.js';

/** The event log's limit for one record. */
const MAX_EVENT_BYTES = 1_048_576;

/** A row of the outbox before it is written. */
export interface OutboxEvent {
  readonly tenantId: string;
  readonly topic: string;
  readonly key: string;
  readonly eventId: string;
  readonly type: string;
  /** The CloudEvent as JSON. */
  readonly event: string;
}

/** What an event says besides its definition and data. */
export interface EventOrigin {
  readonly tenantId: string;
  readonly causationId: string | undefined;
  readonly traceparent: string | undefined;
}

/** Makes the CloudEvent and checks its data against the contract. @throws {ProblemError} `persistence.event_invalid` */
export function outboxEvent<D extends EventDefinition>(
  definition: D,
  data: EventData<D>,
  { tenantId, causationId, traceparent }: EventOrigin,
): OutboxEvent {
  const checked = definition.data.safeParse(data);
  if (!checked.success)
    throw invalid(
      definition.type,
      checked.error.issues.map(({ path, message }) => ({ pointer: `/${path.map(String).join('/')}`, detail: message })),
    );
  const cloudEvent: CloudEvent = {
    specversion: '1.0',
    id: uuidv7(),
    type: definition.type,
    source: `/myriad/${definition.type.slice(0, definition.type.indexOf('.'))}`,
    subject: definition.key(checked.data, tenantId),
    time: new Date().toISOString(),
    dataschema: `https://schemas.myriad.dev/events/${definition.type}.json`,
    datacontenttype: 'application/json',
    tenantid: tenantId,
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(causationId === undefined ? {} : { causationid: causationId }),
    data: checked.data,
  };
  const event = JSON.stringify(cloudEvent);
  if (Buffer.byteLength(event) > MAX_EVENT_BYTES)
    throw invalid(definition.type, [{ pointer: '', detail: `is larger than ${MAX_EVENT_BYTES} bytes` }]);
  const { id: eventId, type, subject: key } = cloudEvent;
  return { tenantId, topic: definition.topic.name, key, eventId, type, event };
}

/** Which lock the writers of the event's key share. */
export function outboxBucketOf({ topic, key }: OutboxEvent): number {
  return createHash('sha1').update(`${topic}\0${key}`).digest().readUInt8(0) % LOCKS.outboxBuckets;
}

function invalid(type: string, errors: readonly { pointer: string; detail: string }[]): ProblemError {
  const faults = errors.map(({ pointer, detail }) => `${pointer} ${detail}`).join('; ');
  const detail = `the service made a ${type} event that breaks its contract: ${faults}`;
  return new ProblemError({ kind: 'internal', code: 'persistence.event_invalid', detail, errors });
}
