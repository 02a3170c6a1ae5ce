import type { BatchHandler, SubscriptionState } from '../event-log.port.js';
import { oldestByTopic } from '../group/oldest-by-topic.js';
import type { MessagingLogger } from '../messaging-logger.js';
import { PartitionQueue } from './partition-queue.js';

export interface PartitionQueuesOptions {
  readonly handler: BatchHandler;
  readonly maxBatch: number;
  readonly logger: MessagingLogger;
}

/** The queues of the partitions that one member of a group holds. */
export class PartitionQueues {
  private readonly queues = new Map<string, PartitionQueue>();
  private readonly waiting = new Map<string, () => void>();

  constructor(private readonly options: PartitionQueuesOptions) {}

  /** The partition's queue, made when it is first asked for. */
  of(topic: string, partition: number, commit: (next: bigint) => Promise<void>): PartitionQueue {
    const name = `${topic}/${partition}`;
    const queue =
      this.queues.get(name) ??
      new PartitionQueue({
        ...this.options,
        topic,
        partition,
        commit,
        onRoom: () => {
          this.roomIn(name);
        },
      });
    this.queues.set(name, queue);
    return queue;
  }

  get(topic: string, partition: number): PartitionQueue | undefined {
    return this.queues.get(`${topic}/${partition}`);
  }

  /** Calls `resume` once, when the paused partition's queue has room again. */
  whenRoom(topic: string, partition: number, resume: () => void): void {
    this.waiting.set(`${topic}/${partition}`, resume);
  }

  /** Waits until no handler runs; what they got can't be committed any more. */
  settle(): Promise<void> {
    return this.letGo((queue) => queue.stop());
  }

  /** {@link settle} for a process that ends: waits twelve seconds at most, for handlers and for a log that may be away. */
  end(): Promise<void> {
    return this.letGo((queue) => queue.end());
  }

  /** What the queues hold, for the state of a subscription. */
  state(rebalances: number): SubscriptionState {
    const queues = [...this.queues.values()];
    return {
      partitions: queues.length,
      paused: queues.filter((queue) => queue.isPaused).length,
      rebalances,
      oldestMs: oldestByTopic(queues.map((queue) => [queue.topic, queue.oldestMs])),
    };
  }

  private async letGo(stop: (queue: PartitionQueue) => Promise<void>): Promise<void> {
    const queues = [...this.queues.values()];
    await Promise.all(queues.map(stop));
    for (const queue of queues) queue.lose();
    for (const [name, queue] of this.queues) if (queues.includes(queue)) this.queues.delete(name);
    for (const name of [...this.waiting.keys()]) this.roomIn(name);
  }

  private roomIn(name: string): void {
    const resume = this.waiting.get(name);
    this.waiting.delete(name);
    resume?.();
  }
}
