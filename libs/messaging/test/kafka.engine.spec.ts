import { brokers } from './config.js';
import { eventLogContract } from './event-log.contract.js';
import { kafkaHarness } from './kafka-harness.js';

/** Only what is needed for compaction to show within a test. */
const topicConfig = { 'segment.ms': '200', 'min.cleanable.dirty.ratio': '0.01', 'delete.retention.ms': '0' };

for (const client of ['kafkajs', 'platformatic'] as const)
  eventLogContract(
    `KafkaEventLog through ${client}`,
    () => Promise.resolve(kafkaHarness({ brokers, client, topicConfig })),
    { compactionMs: 90_000, crashMs: 30_000 },
  );
