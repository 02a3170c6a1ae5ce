import type { TopicDefinition } from '@myriad/contracts';
import { uuidv7 } from '@myriad/kernel';
import { checkRecords, checkSubscribeOptions } from '../check-records.js';
import type {
  BatchHandler,
  EventLog,
  NewRecord,
  PartitionLag,
  SubscribeOptions,
  Subscription,
  Tail,
  TailOptions,
} from '../event-log.port.js';
import type { GroupBackend } from '../group/group-backend.js';
import { GroupMember } from '../group/group-member.js';
import { TailReader, type TailSource } from '../group/tail-reader.js';
import type { MessagingLogger } from '../messaging-logger.js';
import { messagingProblem } from '../messaging-problem.js';
import { MemoryBroker } from './memory-broker.js';

/** The event log within one process, for tests: nothing outlives the broker. */
export class MemoryEventLog implements EventLog {
  private readonly members = new Map<string, { readonly member: GroupMember; readonly group: string }>();
  private readonly tails = new Set<TailReader>();
  private isOpen = true;

  /** Logs that share a broker are like processes that share a server. */
  constructor(
    private readonly broker: MemoryBroker = new MemoryBroker(),
    private readonly logger?: MessagingLogger,
  ) {
    broker.listeners.add(this.onRecords);
  }

  ensureTopics(topics: readonly TopicDefinition[]): Promise<void> {
    return this.run(() => {
      for (const topic of topics) this.broker.ensureTopic(topic);
    });
  }

  append(records: readonly NewRecord[]): Promise<void> {
    return this.run(() => {
      checkRecords(records);
      this.broker.append(records);
    });
  }

  async subscribe(options: SubscribeOptions, handler: BatchHandler): Promise<Subscription> {
    const checked = checkSubscribeOptions(options);
    await this.run(() => this.broker.ends(checked.topics));
    const id = uuidv7();
    const member = new GroupMember({
      backend: this.backend(id, checked.group),
      handler,
      maxBatch: checked.maxBatch,
      sessionTimeoutMs: checked.sessionTimeoutMs,
      syncIntervalMs: checked.sessionTimeoutMs,
      ...(this.logger && { logger: this.logger }),
    });
    this.members.set(id, { member, group: checked.group });
    this.broker.group(checked.group).join({
      id,
      topics: checked.topics,
      from: checked.from,
      onChange: () => {
        member.groupChanged();
      },
    });
    await member.start();
    return {
      state: () => member.state(),
      close: async () => {
        await member.close();
        this.members.delete(id);
      },
    };
  }

  tail(options: TailOptions): Promise<Tail> {
    return this.run(() => {
      const source: TailSource = {
        ends: (topics) => this.run(() => this.broker.ends(topics)),
        read: (topic, partition, from, max) => this.run(() => this.broker.read(topic, partition, from, max)),
      };
      const tail = new TailReader(source, options, this.broker.ends(options.topics), this.logger);
      this.tails.add(tail);
      return tail;
    });
  }

  lag(group: string, topics: readonly string[]): Promise<readonly PartitionLag[]> {
    return this.run(() => this.broker.lag(group, topics));
  }

  compact(topic: string): Promise<void> {
    return this.run(() => {
      this.broker.compact(topic);
    });
  }

  ping(): Promise<void> {
    return this.run(() => undefined);
  }

  async close(): Promise<void> {
    await Promise.all([...this.members.values()].map(({ member }) => member.close()));
    await Promise.all([...this.tails].map((tail) => tail.close()));
    this.broker.listeners.delete(this.onRecords);
    this.isOpen = false;
  }

  /** Drops out as a killed process does: the broker gives its partitions to others while its handlers know nothing of it. */
  crash(): void {
    this.isOpen = false;
    this.broker.listeners.delete(this.onRecords);
    for (const [id, { group }] of this.members) this.broker.group(group).leave(id);
  }

  private readonly onRecords = (topic: string, partition: number): void => {
    for (const { member } of this.members.values()) member.recordsArrived(topic, partition);
    for (const tail of this.tails) tail.wake(topic, partition);
  };

  private backend(id: string, groupName: string): GroupBackend {
    const group = this.broker.group(groupName);
    return {
      sync: () => this.run(() => group.sync(id)),
      read: (lease, from, max) => this.run(() => this.broker.read(lease.topic, lease.partition, from, max)),
      commit: (lease, next) => this.run(() => group.commit(id, lease, next)),
      release: (lease) =>
        this.run(() => {
          group.release(id, lease);
        }),
      leave: () =>
        this.run(() => {
          group.leave(id);
        }),
    };
  }

  private run<T>(work: () => T): Promise<T> {
    return new Promise((resolve) => {
      if (!this.isOpen) throw messagingProblem('conflict', 'closed', 'the event log is closed');
      resolve(work());
    });
  }
}
