import type { Kafka, Producer } from 'kafkajs';
import type { NewRecord } from '../../event-log.port.js';
import { partitionOf } from '../../partition-of.js';
import { chunkRecords } from '../chunk-records.js';
import { kafkaProblem } from '../kafka-error.js';
import { toMessage } from './kafkajs-records.js';

/** The idempotent producer, made anew after a failure: a lost answer leaves its sequence numbers in doubt. */
export class KafkajsProducer {
  private producer: Promise<Producer> | undefined;

  constructor(private readonly kafka: Kafka) {}

  async send(records: readonly NewRecord[]): Promise<void> {
    for (const chunk of chunkRecords(records)) {
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
