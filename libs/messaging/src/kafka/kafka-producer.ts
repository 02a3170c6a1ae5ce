import type { Kafka, Producer } from 'kafkajs';
import type { NewRecord } from '../event-log.port.js';
import { partitionOf } from '../partition-of.js';
import { kafkaProblem } from './kafka-error.js';
import { toMessage } from './kafka-records.js';
import { MAX_MESSAGE_BYTES } from './kafka-topics.js';

/** The idempotent producer, made anew after a failure: a lost answer leaves its sequence numbers in doubt. */
export class KafkaProducer {
  private producer: Promise<Producer> | undefined;

  constructor(private readonly kafka: Kafka) {}

  async send(records: readonly NewRecord[]): Promise<void> {
    for (const chunk of chunksOf(records)) {
      try {
        this.producer ??= this.connect();
        const producer = await this.producer;
        await producer.sendBatch({ acks: -1, topicMessages: byTopic(chunk) });
      } catch (error) {
        await this.close();
        throw kafkaProblem(error);
      }
    }
  }

  async close(): Promise<void> {
    const producer = this.producer;
    this.producer = undefined;
    await producer?.then((connected) => connected.disconnect()).catch(() => undefined);
  }

  private async connect(): Promise<Producer> {
    const producer = this.kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner:
        () =>
        ({ message, partitionMetadata }) =>
          partitionOf(String(message.key), partitionMetadata.length),
    });
    await producer.connect();
    return producer;
  }
}

function byTopic(records: readonly NewRecord[]): { topic: string; messages: ReturnType<typeof toMessage>[] }[] {
  const topics = new Map<string, ReturnType<typeof toMessage>[]>();
  for (const record of records) {
    const messages = topics.get(record.topic) ?? [];
    messages.push(toMessage(record));
    topics.set(record.topic, messages);
  }
  return [...topics].map(([topic, messages]) => ({ topic, messages }));
}

/** Parts that fit into one batch of one partition, whatever partitions they go to. */
function* chunksOf(records: readonly NewRecord[]): Generator<readonly NewRecord[]> {
  let chunk: NewRecord[] = [];
  let sizeBytes = 0;
  for (const record of records) {
    const size = (record.value?.length ?? 0) + record.key.length + JSON.stringify(record.headers).length + 100;
    if (chunk.length > 0 && sizeBytes + size > MAX_MESSAGE_BYTES / 2) {
      yield chunk;
      chunk = [];
      sizeBytes = 0;
    }
    chunk.push(record);
    sizeBytes += size;
  }
  if (chunk.length > 0) yield chunk;
}
