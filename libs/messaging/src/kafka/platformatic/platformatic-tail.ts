import { atMost } from '@myriad/kernel';
import type { StoredRecord, Tail, TailOptions } from '../../event-log.port.js';
import { Gate, backOffMs, pause } from '../../group/gate.js';
import { tailPositions } from '../../group/tail-positions.js';
import type { MessagingLogger } from '../../messaging-logger.js';
import type { PartitionBounds, Startable } from '../kafka-client.port.js';
import { persistently } from '../kafka-error.js';
import type { FetchTarget, Fetcher } from './fetcher.js';

export interface PlatformaticTailOptions extends TailOptions {
  readonly fetcher: Fetcher;
  readonly logger: MessagingLogger;
  readonly bounds: readonly PartitionBounds[];
  /** Looks again where the partitions are, for those that came since. */
  readonly look: (topic: string) => Promise<readonly PartitionBounds[]>;
}

interface Chunk {
  readonly records: readonly StoredRecord[];
  readonly target: FetchTarget;
  readonly position: bigint;
}

/** With so many records waiting nothing more is fetched. */
const MAX_WAITING = 20_000;
const LOOK_INTERVAL_MS = 30_000;
/** How long a closing tail waits for a broker that may be away, milliseconds. */
const LEAVE_MS = 2_000;

/** Reads all partitions, in no group. */
export class PlatformaticTail implements Tail, Startable {
  readonly caughtUp: Promise<void>;
  private reachEnd!: () => void;
  private readonly chunks: Chunk[] = [];
  private waiting = 0;
  private readonly arrived = new Gate();
  private readonly closing = new AbortController();
  private readonly known = new Set<string>();
  /** Partitions that stood before the start and are not read to their ends yet. */
  private readonly behind = new Map<string, bigint>();
  private running: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: PlatformaticTailOptions) {
    this.caughtUp = new Promise((resolve) => {
      this.reachEnd = resolve;
    });
  }

  start(): Promise<void> {
    const { bounds, from, fetcher } = this.options;
    const positions = tailPositions(from, bounds);
    for (const { topic, partition, low, end } of bounds)
      if ((positions.get(`${topic}/${partition}`) ?? low) < end) this.behind.set(`${topic}/${partition}`, end);
    fetcher.add(bounds.map((one) => this.targetOf(one, positions.get(`${one.topic}/${one.partition}`))));
    this.running = this.run();
    this.timer = setInterval(() => void this.lookForNew(), LOOK_INTERVAL_MS).unref();
    if (this.behind.size === 0) this.reachEnd();
    return Promise.resolve();
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    this.closing.abort();
    this.arrived.open();
    await atMost(LEAVE_MS, Promise.all([this.options.fetcher.close(), this.running]));
  }

  private targetOf({ topic, partition, low }: PartitionBounds, from: bigint | undefined): FetchTarget {
    this.known.add(`${topic}/${partition}`);
    const target: FetchTarget = {
      topic,
      partition,
      position: from === undefined || from < low ? low : from,
      wants: () => this.waiting < MAX_WAITING,
      give: (records) => {
        this.chunks.push({ records, target, position: target.position });
        this.waiting += records.length;
        this.arrived.open();
      },
    };
    return target;
  }

  private async run(): Promise<void> {
    while (!this.isClosing()) {
      const chunk = this.chunks.shift();
      if (!chunk) {
        await this.arrived.wait();
        continue;
      }
      for (const record of chunk.records) {
        const wait = this.handle(record);
        if (wait) await wait;
        if (this.isClosing()) return;
      }
      const wasFull = this.waiting >= MAX_WAITING;
      this.waiting -= chunk.records.length;
      if (wasFull && this.waiting < MAX_WAITING) this.options.fetcher.wake();
      this.advance(chunk);
    }
  }

  private isClosing(): boolean {
    return this.closing.signal.aborted;
  }

  /** Nothing to wait for when the handler was done at once: that is most of the time of reading a large topic. */
  private handle(record: StoredRecord): Promise<void> | undefined {
    try {
      const result = this.options.onRecord(record);
      return result instanceof Promise ? result.catch((error: unknown) => this.again(record, error)) : undefined;
    } catch (error) {
      return this.again(record, error);
    }
  }

  private async again(record: StoredRecord, cause: unknown): Promise<void> {
    const { topic, partition } = record;
    let error = cause;
    for (let failures = 1; !this.isClosing(); failures += 1) {
      this.options.logger.warn({ err: error, topic, partition, failures }, 'tail failed, will go on');
      await pause(backOffMs(failures), this.closing.signal);
      if (this.isClosing()) return;
      try {
        await this.options.onRecord(record);
        return;
      } catch (next) {
        error = next;
      }
    }
  }

  /** An empty chunk says that nothing was left before the partition's end: it was compacted away. */
  private advance({ records, target, position }: Chunk): void {
    const name = `${target.topic}/${target.partition}`;
    const end = this.behind.get(name);
    if (end === undefined || (records.length > 0 && position < end)) return;
    this.behind.delete(name);
    if (this.behind.size === 0) this.reachEnd();
  }

  private async lookForNew(): Promise<void> {
    for (const topic of this.options.topics) {
      const bounds = await persistently(() => this.options.look(topic), this.closing.signal).catch(() => []);
      if (this.isClosing()) return;
      const fresh = bounds.filter(({ partition }) => !this.known.has(`${topic}/${partition}`));
      this.options.fetcher.add(fresh.map((one) => this.targetOf(one, undefined)));
    }
  }
}
