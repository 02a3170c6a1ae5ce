import type { CloudEvent, EventDefinition } from '@myriad/contracts';
import { uuidv7, type Clock } from '@myriad/kernel';
import type { z } from 'zod';
import type { NewRecord, StoredRecord } from '../event-log.port.js';
import { messagingProblem } from '../messaging-problem.js';

/** What a new event says besides its definition. */
export interface NewEvent<T> {
  readonly tenantId: string;
  readonly data: T;
  /** The publishing service's name; `source` becomes `/myriad/<service>`. */
  readonly source: string;
  /** The id of the event that this one follows from. */
  readonly causationid?: string;
  /** W3C trace context. */
  readonly traceparent?: string;
  readonly clock?: Pick<Clock, 'nowMs'>;
}

/** Makes a CloudEvent and checks its data against the contract. @throws {ProblemError} `messaging.invalid_event`. */
export function makeEvent<S extends z.ZodType>(
  definition: EventDefinition<S>,
  { tenantId, data, source, causationid, traceparent, clock = { nowMs: Date.now } }: NewEvent<z.input<S>>,
): CloudEvent<z.infer<S>> {
  const result = definition.data.safeParse(data);
  if (!result.success) throw invalidEvent(definition.type, 'data', result.error);
  return {
    specversion: '1.0',
    id: uuidv7(clock),
    type: definition.type,
    source: source.startsWith('/') ? source : `/myriad/${source}`,
    subject: definition.key(result.data, tenantId),
    time: new Date(clock.nowMs()).toISOString(),
    dataschema: `https://schemas.myriad.dev/events/${definition.type}.json`,
    datacontenttype: 'application/json',
    tenantid: tenantId,
    ...(traceparent !== undefined && { traceparent }),
    ...(causationid !== undefined && { causationid }),
    data: result.data,
  };
}

/** The record that carries an event: its topic and key by the contract, headers by the CloudEvents Kafka binding (structured mode). */
export function toRecord(event: CloudEvent, definition: EventDefinition): NewRecord {
  return {
    topic: definition.topic.name,
    key: event.subject,
    value: Buffer.from(JSON.stringify(event)),
    headers: {
      'content-type': 'application/cloudevents+json',
      ce_id: event.id,
      ce_type: event.type,
      ...(event.traceparent !== undefined && { traceparent: event.traceparent }),
    },
  };
}

/** The event type that a record's headers name, without parsing its value. */
export function typeOf(record: Pick<StoredRecord, 'headers'>): string | undefined {
  return record.headers['ce_type'];
}

/** The refusal of something that is not the event it claims to be. */
export function invalidEvent(type: string, where: string, error: z.ZodError): Error {
  return messagingProblem('unprocessable', 'invalid_event', `${type} is against its contract: ${where} is not valid`, {
    errors: error.issues.slice(0, 10).map((issue) => ({
      pointer: `/${[where === 'data' ? 'data' : '', ...issue.path.map(String)].filter((part) => part !== '').join('/')}`,
      detail: issue.message,
    })),
  });
}
