import type { Clock } from '@myriad/kernel';
import type { Logger } from '@myriad/telemetry';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';

/** Work that is due again and again. */
export interface Sweep {
  readonly name: string;
  readonly run: () => Promise<unknown>;
}

export interface SweeperOptions {
  readonly sweeps: readonly Sweep[];
  readonly clock: Clock;
  readonly intervalMs: number;
  readonly logger: Logger;
}

/** Runs the sweeps one after the other, then waits; a failed one is logged and tried again next time. */
export class Sweeper implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly stop = new AbortController();
  private loop: Promise<void> | undefined;

  constructor(private readonly options: SweeperOptions) {}

  onApplicationBootstrap(): void {
    this.loop = this.work();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stop.abort();
    await this.loop;
  }

  private async work(): Promise<void> {
    const { sweeps, clock, intervalMs } = this.options;
    for (;;) {
      await clock.sleep(intervalMs, this.stop.signal).catch(() => undefined);
      for (const sweep of sweeps) {
        if (this.isStopped()) return;
        await this.runOne(sweep);
      }
    }
  }

  private isStopped(): boolean {
    return this.stop.signal.aborted;
  }

  private async runOne({ name, run }: Sweep): Promise<void> {
    try {
      await run();
    } catch (err) {
      this.options.logger.warn({ err, sweep: name }, 'a sweep failed and will be tried again');
    }
  }
}
