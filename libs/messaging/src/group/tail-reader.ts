import type { StoredRecord, Tail, TailOptions } from '../event-log.port.js';
import { silentLogger, type MessagingLogger } from '../messaging-logger.js';
import { Gate, backOffMs, pause } from './gate.js';
import { tailPositions } from './tail-positions.js';

/** A partition and one past its last offset. */
export interface PartitionEnd {
  readonly topic: string;
  readonly partition: number;
  readonly end: bigint;
}

export interface TailSource {
  ends(topics: readonly string[]): Promise<readonly PartitionEnd[]>;
  read(topic: string, partition: number, from: bigint, max: number): Promise<readonly StoredRecord[]>;
}

interface Cursor {
  readonly topic: string;
  readonly partition: number;
  position: bigint;
  /** Where the log ended when it was last looked at. */
  end: bigint;
  /** There may be more than `end` says. */
  isPoked: boolean;
}

const MAX_READ = 500;

/** Reads all partitions of its topics from their start (or the given places), one after the other, for ever. */
export class TailReader implements Tail {
  readonly caughtUp: Promise<void>;
  private readonly cursors = new Map<string, Cursor>();
  private readonly abort = new AbortController();
  private readonly arrived = new Gate();
  private readonly running: Promise<void>;
  private failures = 0;

  constructor(
    private readonly source: TailSource,
    private readonly options: TailOptions,
    start: readonly PartitionEnd[],
    private readonly logger: MessagingLogger = silentLogger,
  ) {
    this.see(start, tailPositions(options.from, start));
    let resolve!: () => void;
    this.caughtUp = new Promise((done) => {
      resolve = done;
    });
    this.arrived.open();
    this.running = this.run(start, resolve);
  }

  /** Records may have come; to a partition that is known to have more, or to any of them. */
  wake(topic?: string, partition?: number): void {
    for (const cursor of this.cursors.values())
      if (topic === undefined || (cursor.topic === topic && cursor.partition === partition)) {
        cursor.isPoked = true;
        this.arrived.open();
      }
  }

  /** Looks where the partitions end: for records whose notice was lost, and for new partitions. */
  async refresh(): Promise<void> {
    if (!this.abort.signal.aborted) this.see(await this.source.ends(this.options.topics));
  }

  async close(): Promise<void> {
    this.abort.abort();
    this.arrived.open();
    await this.running;
  }

  private see(ends: readonly PartitionEnd[], positions?: ReadonlyMap<string, bigint>): void {
    for (const { topic, partition, end } of ends) {
      const name = `${topic}/${partition}`;
      const cursor = this.cursors.get(name) ?? {
        topic,
        partition,
        position: positions?.get(name) ?? 0n,
        end,
        isPoked: false,
      };
      this.cursors.set(name, cursor);
      if (end > cursor.end) cursor.end = end;
      if (cursor.end > cursor.position) this.arrived.open();
    }
  }

  private async run(start: readonly PartitionEnd[], caughtUp: () => void): Promise<void> {
    while (!this.abort.signal.aborted) {
      await this.arrived.wait();
      try {
        for (const cursor of this.cursors.values()) while (this.hasMore(cursor)) await this.advance(cursor);
        this.failures = 0;
        if (start.every(({ topic, partition, end }) => this.positionOf(topic, partition) >= end)) caughtUp();
      } catch (error) {
        this.failures += 1;
        this.logger.warn(
          { err: error, topics: this.options.topics, failures: this.failures },
          'tail failed, will go on',
        );
        await pause(backOffMs(this.failures), this.abort.signal);
        this.arrived.open();
      }
    }
  }

  private hasMore(cursor: Cursor): boolean {
    return !this.abort.signal.aborted && (cursor.isPoked || cursor.position < cursor.end);
  }

  private positionOf(topic: string, partition: number): bigint {
    return this.cursors.get(`${topic}/${partition}`)?.position ?? 0n;
  }

  private async advance(cursor: Cursor): Promise<void> {
    const { topic, partition, position, end } = cursor;
    const wasPoked = cursor.isPoked;
    cursor.isPoked = false; // before the read: a poke during it counts again
    try {
      const records = await this.source.read(topic, partition, position, MAX_READ);
      for (const record of records) {
        if (this.abort.signal.aborted) return;
        await this.options.onRecord(record);
        cursor.position = record.offset + 1n;
      }
      if (records.length > 0) cursor.isPoked = true;
      // Nothing is left between the position and the end that was known before the read: it was compacted away.
      else if (position < end) cursor.position = end;
    } catch (error) {
      cursor.isPoked ||= wasPoked;
      throw error;
    }
  }
}
