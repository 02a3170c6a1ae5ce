import type { EventLog, Subscription } from '../event-log.port.js';
import type { MessagingLogger } from '../messaging-logger.js';
import { eventMetrics } from './event-metrics.js';

export interface LagMeterOptions {
  readonly log: Pick<EventLog, 'lag'>;
  readonly group: string;
  readonly topics: readonly string[];
  readonly subscription: Pick<Subscription, 'state'>;
  readonly logger: MessagingLogger;
  /** Milliseconds between two looks. Default 15,000. */
  readonly intervalMs?: number;
}

interface Progress {
  readonly committed: bigint;
  readonly sinceMs: number;
}

/** Tells, every few seconds, how far the group is behind on each topic: in records, and how old the oldest of them is. */
export class LagMeter {
  private readonly progress = new Map<string, Progress>();
  private rebalances = 0;
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly options: LagMeterOptions) {
    this.timer = setInterval(() => void this.measure(), options.intervalMs ?? 15_000).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Looks once, now. */
  async measure(): Promise<void> {
    const { log, group, topics, subscription, logger } = this.options;
    const { partitions, paused, rebalances, oldestMs } = subscription.state();
    eventMetrics.partitions.set(partitions, { group });
    eventMetrics.paused.set(paused, { group });
    eventMetrics.rebalances.add(rebalances - this.rebalances, { group });
    this.rebalances = rebalances;
    try {
      const lag = await log.lag(group, topics);
      for (const topic of topics) {
        const own = lag.filter((one) => one.topic === topic);
        const records = own.reduce(
          (sum, { committedOffset, endOffset }) => sum + Number(endOffset - committedOffset),
          0,
        );
        const committed = own.reduce((sum, { committedOffset }) => sum + committedOffset, 0n);
        const ageMs = this.ageOf(topic, committed, records, oldestMs.get(topic));
        eventMetrics.lag.set(records, { group, topic });
        eventMetrics.age.set(ageMs / 1_000, { group, topic });
      }
    } catch (error) {
      logger.debug({ err: error }, 'could not measure the lag');
    }
  }

  /** Known to the millisecond for what this member has read; for the rest at least as long as nothing was committed. */
  private ageOf(topic: string, committed: bigint, records: number, oldestMs: number | undefined): number {
    const nowMs = Date.now();
    const before = this.progress.get(topic);
    const isStuck = records > 0 && before?.committed === committed;
    const sinceMs = isStuck ? before.sinceMs : nowMs;
    this.progress.set(topic, { committed, sinceMs });
    return records === 0 ? 0 : Math.max(0, nowMs - Math.min(sinceMs, oldestMs ?? nowMs));
  }
}
