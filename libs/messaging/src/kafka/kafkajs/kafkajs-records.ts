import type { IHeaders, KafkaMessage, Message } from 'kafkajs';
import type { NewRecord, StoredRecord } from '../../event-log.port.js';

/** A message for the producer. */
export function toMessage({ key, value, headers }: NewRecord): Message {
  return { key, value, headers: { ...headers } };
}

/** A message of a consumer as a record. */
export function toStoredRecord(topic: string, partition: number, message: KafkaMessage): StoredRecord {
  return {
    topic,
    partition,
    offset: BigInt(message.offset),
    key: message.key?.toString('utf8') ?? '',
    value: message.value,
    headers: textHeaders(message.headers ?? {}),
    timestampMs: Number(message.timestamp),
  };
}

function textHeaders(headers: IHeaders): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) texts[name] = first.toString();
  }
  return texts;
}
