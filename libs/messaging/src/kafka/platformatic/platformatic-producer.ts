import type { Producer } from '@platformatic/kafka';
import type { NewRecord } from '../../event-log.port.js';
import { partitionOf } from '../../partition-of.js';
import { chunkRecords } from '../chunk-records.js';

type TextProducer = Producer<string, Buffer, string, string>;
type Message = Parameters<TextProducer['send']>[0]['messages'][number];

/** Sequence numbers of a producer are 31 bits a partition: another producer takes over long before they end. */
const MAX_RECORDS = 1_000_000_000;

/**
 * The idempotent producer. A call whose answer got lost is sent again with the same sequence numbers, for the whole delivery time, so it
 * stands in the log once; only after that the next call starts with a producer of a new number.
 */
export class PlatformaticProducer {
  private producer: TextProducer | undefined;
  private sent = 0;

  constructor(private readonly make: () => TextProducer) {}

  async send(records: readonly NewRecord[]): Promise<void> {
    for (const chunk of chunkRecords(records)) {
      const producer = await this.current(chunk.length);
      const topics = [...new Set(chunk.map(({ topic }) => topic))];
      const metadata = await producer.metadata({ topics });
      const countOf = new Map(topics.map((topic) => [topic, metadata.topics.get(topic)?.partitionsCount ?? 1]));
      await producer.send({ messages: chunk.map((record) => toMessage(record, countOf.get(record.topic) ?? 1)) });
    }
  }

  async close(): Promise<void> {
    const { producer } = this;
    this.producer = undefined;
    await producer?.close(true);
  }

  private async current(records: number): Promise<TextProducer> {
    if (this.sent + records > MAX_RECORDS) {
      await this.close();
      this.sent = 0;
    }
    this.sent += records;
    this.producer ??= this.make();
    return this.producer;
  }
}

function toMessage({ topic, key, value, headers }: NewRecord, partitions: number): Message {
  const message = { topic, partition: partitionOf(key, partitions), key, headers };
  return value === null ? message : { ...message, value };
}
