import type { Logger } from '@myriad/telemetry';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { LOGGER } from './ports.js';
import { RunJob } from './run-job.js';

const INTERVAL_MS = 1000;

/** Runs one job at a time: looks for the next when woken, when one ends, and every second. */
@Injectable()
export class WorkLoop implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly shutdown = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private isWoken = false;

  constructor(
    private readonly jobs: RunJob,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.wake();
    }, INTERVAL_MS);
    this.timer.unref();
    this.wake();
  }

  /** Ends after the shard in hand; the job goes on with whoever comes next. */
  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    this.shutdown.abort();
    await this.running;
  }

  wake(): void {
    if (this.shutdown.signal.aborted) return;
    this.isWoken = true;
    this.running ??= this.rounds().finally(() => {
      this.running = undefined;
    });
  }

  private async rounds(): Promise<void> {
    while (this.isWoken && !this.shutdown.signal.aborted) {
      this.isWoken = false;
      try {
        if (await this.jobs.execute(this.shutdown.signal)) this.isWoken = true;
      } catch (error) {
        this.logger.warn({ err: error }, 'a round of work failed; it is tried again');
      }
    }
  }
}
