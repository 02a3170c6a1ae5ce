import type { BatchHandler, Subscription, SubscriptionState } from '../event-log.port.js';
import { silentLogger, type MessagingLogger } from '../messaging-logger.js';
import type { GroupBackend, Lease } from './group-backend.js';
import { oldestByTopic } from './oldest-by-topic.js';
import { PartitionWorker } from './partition-worker.js';

export interface GroupMemberOptions {
  readonly backend: GroupBackend;
  readonly handler: BatchHandler;
  readonly maxBatch: number;
  readonly sessionTimeoutMs: number;
  /** Between two syncs when nothing happens, milliseconds. */
  readonly syncIntervalMs: number;
  readonly logger?: MessagingLogger;
}

const nameOf = (topic: string, partition: number): string => `${topic}/${partition}`;

/** One member of a group: keeps a worker for each partition leased to it, and gives back what is due to others. */
export class GroupMember implements Subscription {
  private readonly workers = new Map<string, PartitionWorker>();
  private readonly releasing = new Set<Promise<void>>();
  private timer: NodeJS.Timeout | undefined;
  private syncing: Promise<void> | undefined;
  private syncAgain = false;
  private closed: Promise<void> | undefined;
  private syncedAtMs = performance.now();
  private rebalances = 0;

  constructor(private readonly options: GroupMemberOptions) {}

  /** Joins; a failure of the first sync is the caller's. */
  async start(): Promise<void> {
    this.apply(await this.options.backend.sync());
    this.schedule();
  }

  /** Records came to a partition, or to any. */
  recordsArrived(topic?: string, partition?: number): void {
    if (topic === undefined || partition === undefined) for (const worker of this.workers.values()) worker.wake();
    else this.workers.get(nameOf(topic, partition))?.wake();
  }

  /** Members came or went, or a partition was given back. */
  groupChanged(): void {
    if (this.closed) return;
    if (this.syncing) this.syncAgain = true;
    else this.syncing = this.sync();
  }

  close(): Promise<void> {
    this.closed ??= this.shutDown();
    return this.closed;
  }

  state(): SubscriptionState {
    const held = [...this.workers.values()].filter((worker) => !worker.isStopping);
    const oldestMs = oldestByTopic(held.map((worker) => [worker.lease.topic, worker.oldestMs]));
    return { partitions: held.length, paused: 0, rebalances: this.rebalances, oldestMs };
  }

  private shouldSyncAgain(): boolean {
    return this.syncAgain;
  }

  private async shutDown(): Promise<void> {
    clearTimeout(this.timer);
    await Promise.all([...this.workers.values()].map((worker) => worker.stop()));
    await this.syncing;
    await Promise.all([...this.workers.values()].map((worker) => worker.stop()));
    await Promise.all(this.releasing);
    try {
      await this.options.backend.leave();
    } catch (error) {
      this.logger.warn({ err: error }, 'could not leave the group; its session will run out');
    }
  }

  private get logger(): MessagingLogger {
    return this.options.logger ?? silentLogger;
  }

  private schedule(): void {
    clearTimeout(this.timer);
    if (this.closed) return;
    this.timer = setTimeout(() => {
      this.groupChanged();
    }, this.options.syncIntervalMs);
  }

  private async sync(): Promise<void> {
    do {
      this.syncAgain = false;
      try {
        const leases = await this.options.backend.sync();
        this.syncedAtMs = performance.now();
        this.apply(leases);
      } catch (error) {
        this.logger.warn({ err: error }, 'could not sync with the group');
        this.dropWhenExpired();
      }
    } while (this.shouldSyncAgain());
    this.syncing = undefined;
    this.schedule();
  }

  private apply(leases: readonly Lease[]): void {
    if (this.closed) return;
    const held = new Set(leases.map((lease) => nameOf(lease.topic, lease.partition)));
    const isSame = held.size === this.workers.size && [...held].every((name) => this.workers.has(name));
    if (!isSame) this.rebalances += 1;
    for (const [name, worker] of this.workers) if (!held.has(name)) this.drop(name, worker);
    for (const lease of leases) this.applyLease(lease);
  }

  private applyLease(lease: Lease): void {
    const name = nameOf(lease.topic, lease.partition);
    const worker = this.workers.get(name);
    if (!lease.keep) {
      if (!worker?.isStopping) this.release(lease, name, worker);
      return;
    }
    if (worker?.lease.epoch === lease.epoch && !worker.isStopping) worker.wake(lease.end);
    else if (worker?.lease.epoch !== lease.epoch)
      this.workers.set(name, new PartitionWorker(lease, { ...this.options, logger: this.logger }, worker?.stop()));
  }

  private drop(name: string, worker: PartitionWorker): void {
    void worker.stop().then(() => {
      if (this.workers.get(name) === worker) this.workers.delete(name);
    });
  }

  private release(lease: Lease, name: string, worker: PartitionWorker | undefined): void {
    const done = this.finishAndRelease(lease, name, worker).finally(() => {
      this.releasing.delete(done);
    });
    this.releasing.add(done);
  }

  private async finishAndRelease(lease: Lease, name: string, worker: PartitionWorker | undefined): Promise<void> {
    await worker?.stop();
    try {
      await this.options.backend.release(lease);
    } catch (error) {
      this.logger.warn(
        { err: error, topic: lease.topic, partition: lease.partition },
        'could not give a partition back',
      );
    }
    if (worker && this.workers.get(name) === worker) this.workers.delete(name);
    this.groupChanged();
  }

  /** Out of touch for a whole session: others may have the partitions by now. */
  private dropWhenExpired(): void {
    if (performance.now() - this.syncedAtMs < this.options.sessionTimeoutMs) return;
    for (const [name, worker] of this.workers) this.drop(name, worker);
  }
}
