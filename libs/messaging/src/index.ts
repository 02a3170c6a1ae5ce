export type {
  BatchHandler,
  Closable,
  EventLog,
  NewRecord,
  PartitionLag,
  RecordBatch,
  StoredRecord,
  SubscribeOptions,
  Subscription,
  SubscriptionState,
  Tail,
  TailOptions,
  TailPosition,
} from './event-log.port.js';
export { MAX_VALUE_BYTES } from './check-records.js';
export { MemoryBroker, type MemoryBrokerOptions } from './memory/memory-broker.js';
export { MemoryEventLog } from './memory/memory-event-log.js';
export { silentLogger, type MessagingLogger } from './messaging-logger.js';
export { messagingProblem } from './messaging-problem.js';
export { partitionOf } from './partition-of.js';
export { ensureContractTopics } from './events/contract-topics.js';
export { appendTraced } from './events/event-spans.js';
export { makeEvent, toRecord, type NewEvent } from './events/make-event.js';
export { parseEvent, type Definitions } from './events/parse-event.js';
export { eventPublisher, type EventPublisher, type PublishedEvent } from './events/publish-events.js';
export { tailEvents, type EventTail, type TailEventsOptions, type TailHandler } from './events/tail-events.js';
export { PostgresEventLog, type PostgresEventLogOptions } from './postgres/postgres-event-log.js';
export {
  eventLogConfig,
  snapshotConfig,
  snapshotWriterConfig,
  type EventLogConfig,
  type SnapshotWriterConfig,
} from './config.js';
export { connectEventServer } from './nest/connect-event-server.js';
export { type DeadLetter } from './nest/dead-letter.js';
export { DeadLetters } from './nest/dead-letters.js';
export { EventContext } from './nest/event-context.js';
export { EventErrorFilter } from './nest/event-error.filter.js';
export { EventLogServer, type EventLogServerOptions } from './nest/event-log-server.js';
export { HandleEvent } from './nest/handle-event.decorator.js';
export { KafkaEventLog } from './kafka/kafka-event-log.js';
export { type KafkaClientName, type KafkaEventLogOptions } from './kafka/kafka-options.js';
export { openEventLog, type OpenEventLogOptions } from './open-event-log.js';
export { type EventRows } from './snapshot/event-rows.js';
export { VALUE } from './snapshot/row-values.js';
export { type SnapshotStore } from './snapshot/snapshot-store.port.js';
export { tailFromSnapshots, type SnapshotTailOptions } from './snapshot/tail-from-snapshots.js';
export { snapshotParts, type Snapshot } from './snapshot/snapshot-list.js';
export { type SnapshotState } from './snapshot/snapshot-state.js';
export { SnapshotWriter, type SnapshotSchedule, type SnapshotWriterOptions } from './snapshot/snapshot-writer.js';
export { writeTopicSnapshot, type WriteSnapshotOptions } from './snapshot/write-topic-snapshot.js';
