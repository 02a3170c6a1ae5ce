import { ProblemError, atMost } from '@myriad/kernel';
import { appendMetrics } from './append-metrics.js';
import type { NewRecord } from './event-log.port.js';
import { backOffMs, pause } from './group/gate.js';
import { messagingProblem } from './messaging-problem.js';

interface Call {
  readonly records: readonly NewRecord[];
  readonly sizeBytes: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface AppendQueueOptions {
  /** Appends a batch; called again with the same number after it failed with a retryable problem. */
  readonly send: (records: readonly NewRecord[], sequence: number) => Promise<void>;
  /** How long a batch is tried again, milliseconds. */
  readonly deliveryTimeoutMs: number;
}

/** A log that is there answers within it what was added before the end, milliseconds. */
const CLOSE_MS = 2_000;
const MAX_BATCH_RECORDS = 2_000;
const MAX_BATCH_BYTES = 4 * 1_048_576;

/**
 * One append to the server at a time; calls that come meanwhile go together with the next one. That keeps a process's order, and many small
 * appends share one commit.
 */
export class AppendQueue {
  private readonly calls: Call[] = [];
  private inHand: readonly Call[] = [];
  private readonly closing = new AbortController();
  private sequence = 0;
  private running: Promise<void> | undefined;

  constructor(private readonly options: AppendQueueOptions) {}

  add(records: readonly NewRecord[]): Promise<void> {
    if (this.closing.signal.aborted)
      return Promise.reject(messagingProblem('conflict', 'closed', 'the event log is closed'));
    return measured(
      records.length,
      new Promise((resolve, reject) => {
        const sizeBytes = records.reduce((sum, { key, value }) => sum + (value?.length ?? 0) + key.length, 0);
        this.calls.push({ records, sizeBytes, resolve, reject });
        this.running ??= this.run();
      }),
    );
  }

  /**
   * Resolves when everything added was sent or refused, within two seconds. What a log that is away has not answered by then is refused: whether
   * it stands in the log is not known.
   */
  async close(): Promise<void> {
    this.closing.abort();
    if (await atMost(CLOSE_MS, this.running)) return;
    const detail = 'the event log did not answer before the process ended';
    for (const call of [...this.inHand, ...this.calls.splice(0)])
      call.reject(messagingProblem('unavailable', 'unavailable', detail));
  }

  private async run(): Promise<void> {
    while (this.calls.length > 0) {
      const batch = this.takeBatch();
      this.inHand = batch;
      try {
        await this.send(batch.flatMap(({ records }) => records));
        for (const call of batch) call.resolve();
      } catch (error) {
        for (const call of batch) call.reject(error);
      }
    }
    this.running = undefined;
  }

  private takeBatch(): Call[] {
    let count = 0;
    let records = 0;
    let sizeBytes = 0;
    for (const call of this.calls) {
      records += call.records.length;
      sizeBytes += call.sizeBytes;
      if (count > 0 && (records > MAX_BATCH_RECORDS || sizeBytes > MAX_BATCH_BYTES)) break;
      count += 1;
    }
    return this.calls.splice(0, count);
  }

  private async send(records: readonly NewRecord[]): Promise<void> {
    this.sequence += 1;
    const deadlineMs = performance.now() + this.options.deliveryTimeoutMs;
    for (let failures = 0; ; failures += 1) {
      try {
        await this.options.send(records, this.sequence);
        return;
      } catch (error) {
        const isLate = this.closing.signal.aborted || performance.now() >= deadlineMs;
        if (isLate || !(error instanceof ProblemError && error.retryable)) throw error;
        await pause(backOffMs(failures + 1), this.closing.signal);
      }
    }
  }
}

async function measured(records: number, append: Promise<void>): Promise<void> {
  const fromMs = performance.now();
  try {
    await append;
  } catch (error) {
    appendMetrics.failed.add();
    throw error;
  }
  appendMetrics.seconds.record((performance.now() - fromMs) / 1_000);
  appendMetrics.records.add(records);
}
