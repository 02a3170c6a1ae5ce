import { atMost, uuidv7 } from '@myriad/kernel';
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import type { Tail, TailOptions } from '../../event-log.port.js';
import { backOffMs, pause } from '../../group/gate.js';
import { tailPositions } from '../../group/tail-positions.js';
import type { MessagingLogger } from '../../messaging-logger.js';
import type { PartitionBounds, Startable } from '../kafka-client.port.js';
import { inKafka } from '../kafka-error.js';
import { FETCH_WAIT_MS } from './kafkajs-member.js';
import { toStoredRecord } from './kafkajs-records.js';

export interface KafkajsTailOptions extends TailOptions {
  readonly kafka: Kafka;
  readonly logger: MessagingLogger;
  /** Where the partitions began and ended at the start. */
  readonly bounds: readonly PartitionBounds[];
}

const HEARTBEAT_MS = 1_000;
/** How long a closing tail waits for a broker that may be away, milliseconds. */
const LEAVE_MS = 2_000;

/** Reads all partitions from their start in a group of its own that commits nothing. */
export class KafkajsTail implements Tail, Startable {
  readonly caughtUp: Promise<void>;
  private consumer: Consumer | undefined;
  private readonly positions: Map<string, bigint>;
  private readonly group = `myriad-tail-${uuidv7()}`;
  private readonly closing = new AbortController();
  private reachEnd!: () => void;
  private batchesSinceFetch = 0;
  private closed: Promise<void> | undefined;

  constructor(private readonly options: KafkajsTailOptions) {
    this.caughtUp = new Promise((resolve) => {
      this.reachEnd = resolve;
    });
    this.positions = new Map(tailPositions(options.from, options.bounds));
    this.lookIfCaughtUp();
  }

  async start(): Promise<void> {
    const { kafka, topics, logger } = this.options;
    const consumer = kafka.consumer({
      groupId: this.group,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      heartbeatInterval: HEARTBEAT_MS,
      sessionTimeout: 10_000,
      metadataMaxAge: 30_000,
      allowAutoTopicCreation: false,
      retry: { restartOnFailure: () => Promise.resolve(!this.closing.signal.aborted) },
    });
    this.consumer = consumer;
    consumer.on('consumer.group_join', ({ payload }) => {
      this.seek(consumer, payload.memberAssignment);
    });
    consumer.on('consumer.fetch', ({ payload }) => {
      this.afterFetch(payload.duration);
    });
    consumer.on('consumer.crash', ({ payload }) => {
      logger.warn({ err: payload.error, topics, restarts: payload.restart }, 'tail lost its connection');
      if (!payload.restart) void this.startAgain();
    });
    await inKafka(async () => {
      await consumer.connect();
      await consumer.subscribe({ topics: [...new Set(topics)], fromBeginning: true });
      await consumer.run({ autoCommit: false, eachBatch: (payload) => this.take(payload) });
    });
  }

  close(): Promise<void> {
    this.closed ??= this.shutDown();
    return this.closed;
  }

  private async shutDown(): Promise<void> {
    this.closing.abort();
    await atMost(LEAVE_MS, this.consumer?.disconnect());
  }

  private async startAgain(): Promise<void> {
    for (let failures = 1; !this.closing.signal.aborted; failures += 1) {
      await pause(backOffMs(failures), this.closing.signal);
      try {
        await this.consumer?.disconnect().catch(() => undefined);
        if (!isAborted(this.closing.signal)) await this.start();
        return;
      } catch (error) {
        this.options.logger.warn({ err: error, failures }, 'could not tail again');
      }
    }
  }

  private async take(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload;
    const { topic, partition } = batch;
    const name = `${topic}/${partition}`;
    this.batchesSinceFetch += 1;
    let beatAtMs = performance.now();
    for (const message of batch.messages) {
      const record = toStoredRecord(topic, partition, message);
      // After a new join the group starts at the beginning again.
      if (record.offset < (this.positions.get(name) ?? 0n)) continue;
      for (let failures = 1; !this.closing.signal.aborted; failures += 1) {
        try {
          await this.options.onRecord(record);
          this.positions.set(name, record.offset + 1n);
          break;
        } catch (error) {
          this.options.logger.warn({ err: error, topic, partition, failures }, 'tail failed, will go on');
          await pause(Math.min(HEARTBEAT_MS, backOffMs(failures)), this.closing.signal);
          await payload.heartbeat();
        }
      }
      if (isAborted(this.closing.signal)) return;
      if (performance.now() - beatAtMs < HEARTBEAT_MS) continue;
      await payload.heartbeat();
      beatAtMs = performance.now();
    }
    this.lookIfCaughtUp();
  }

  private lookIfCaughtUp(): void {
    const { bounds } = this.options;
    if (bounds.every(({ topic, partition, end }) => (this.positions.get(`${topic}/${partition}`) ?? 0n) >= end))
      this.reachEnd();
  }

  /** A fetch that waited its whole time and got nothing: what stood before the ends was compacted away. */
  private afterFetch(durationMs: number): void {
    if (this.batchesSinceFetch === 0 && durationMs >= FETCH_WAIT_MS * 0.8) this.emptyFetches += 1;
    else this.emptyFetches = 0;
    this.batchesSinceFetch = 0;
    if (this.emptyFetches > new Set(this.options.bounds.map(({ topic }) => topic)).size + 1) this.reachEnd();
  }

  private emptyFetches = 0;

  private seek(consumer: Consumer, assignment: Readonly<Record<string, readonly number[]>>): void {
    for (const [topic, partitions] of Object.entries(assignment))
      for (const partition of partitions) {
        const position = this.positions.get(`${topic}/${partition}`);
        if (position !== undefined) consumer.seek({ topic, partition, offset: String(position) });
      }
  }
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
