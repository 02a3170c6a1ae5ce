import type { CloudEvent } from '@myriad/contracts';
import { isSampled, isTraceparent, runWithTraceparent, startSpan, withLogFields, withSpan } from '@myriad/telemetry';
import type { EventLog, NewRecord, StoredRecord } from '../event-log.port.js';
import { typeOf } from './make-event.js';

const SYSTEM = { 'messaging.system': 'myriad' } as const;

/**
 * Appends records, each of a sampled trace within a producer span: a child of the span that made the event, which the event itself names
 * (`traceparent` of the CloudEvent). The record's header names the producer span: there the consumer's span hangs.
 */
export async function appendTraced(log: Pick<EventLog, 'append'>, records: readonly NewRecord[]): Promise<void> {
  const sent = records.map(sending);
  const end = (failure?: string): void => {
    for (const { end } of sent) end?.(failure);
  };
  try {
    await log.append(sent.map(({ record }) => record));
  } catch (error) {
    end(error instanceof Error ? error.name : 'unknown');
    throw error;
  }
  end();
}

interface Sending {
  readonly record: NewRecord;
  readonly end?: (failure?: string) => void;
}

function sending(record: NewRecord): Sending {
  const { topic, key, headers } = record;
  const parent = headers['traceparent'];
  if (parent === undefined || !isSampled(parent)) return { record };
  const type = typeOf(record);
  const attributes = {
    ...SYSTEM,
    'messaging.operation.type': 'send',
    'messaging.operation.name': 'send',
    'messaging.destination.name': topic,
    'messaging.message.key': key,
    ...(headers['ce_id'] !== undefined && { 'messaging.message.id': headers['ce_id'] }),
    ...(type !== undefined && { 'cloudevents.event_type': type }),
  };
  const span = startSpan(`send ${topic}`, { kind: 'producer', attributes, parent });
  const { traceparent = parent } = span;
  return {
    record: { ...record, headers: { ...headers, traceparent } },
    end: (failure) => {
      span.end(failure);
    },
  };
}

/** The span that a consumer's span is a child of: the producer's, as long as it belongs to the event's own trace. */
export function parentOf(
  event: Pick<CloudEvent, 'traceparent'>,
  record: Pick<StoredRecord, 'headers'>,
): string | undefined {
  const sent = record.headers['traceparent'];
  if (sent === undefined || !isTraceparent(sent)) return event.traceparent;
  const isOfEvent = event.traceparent === undefined || event.traceparent.slice(3, 35) === sent.slice(3, 35);
  return isOfEvent ? sent : event.traceparent;
}

/** Runs what follows from an event in its trace, its log lines with the event's type and tenant. */
export function withinEvent<T>(event: CloudEvent, record: Pick<StoredRecord, 'headers'>, fn: () => T): T {
  const fields = { tenantId: event.tenantid, eventType: event.type, eventId: event.id };
  return runWithTraceparent(parentOf(event, record), () => withLogFields(fields, fn));
}

/** One try of handling an event, as a consumer span. `group` is absent where every replica reads for itself. */
export function processSpan<T>(
  event: CloudEvent,
  record: StoredRecord,
  group: string | undefined,
  fn: () => Promise<T>,
): Promise<T> {
  const attributes = {
    ...SYSTEM,
    'messaging.operation.type': 'process',
    'messaging.operation.name': 'process',
    'messaging.destination.name': record.topic,
    'messaging.destination.partition.id': String(record.partition),
    'messaging.message.key': record.key,
    'messaging.message.id': event.id,
    ...(group !== undefined && { 'messaging.consumer.group.name': group }),
    'cloudevents.event_type': event.type,
    'cloudevents.event_id': event.id,
    'cloudevents.event_source': event.source,
    'myriad.tenant_id': event.tenantid,
  };
  return withSpan(`process ${record.topic}`, attributes, fn, 'consumer');
}
