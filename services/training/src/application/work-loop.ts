import type { Logger } from '@myriad/telemetry';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { LOGGER, MAX_PARALLEL_JOBS } from './ports.js';
import { RunJobs } from './run-jobs.js';

const INTERVAL_MS = 1000;

/** Keeps up to so many jobs running: looks for the next when woken, when one ends, and every second. */
@Injectable()
export class WorkLoop implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly running = new Map<string, Promise<void>>();
  private readonly shutdown = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private isWoken = false;

  constructor(
    private readonly jobs: RunJobs,
    @Inject(MAX_PARALLEL_JOBS) private readonly maxParallel: number,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.wake();
    }, INTERVAL_MS);
    this.timer.unref();
    this.wake();
  }

  /** Ends the processes; their jobs are queued again for whoever comes next. */
  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    this.shutdown.abort();
    await this.looking;
    await Promise.all(this.running.values());
  }

  wake(): void {
    if (this.shutdown.signal.aborted) return;
    this.isWoken = true;
    this.looking ??= this.look().finally(() => {
      this.looking = undefined;
    });
  }

  private async look(): Promise<void> {
    while (this.isWoken && this.running.size < this.maxParallel && !this.shutdown.signal.aborted) {
      this.isWoken = false;
      try {
        const job = await this.jobs.next(this.shutdown.signal);
        // a wake that came meanwhile is not lost: the loop's condition sees it
        if (!job) continue;
        this.isWoken = true;
        const done = job.done.finally(() => {
          this.running.delete(job.jobId);
          this.wake();
        });
        this.running.set(job.jobId, done);
      } catch (error) {
        this.logger.warn({ err: error }, 'could not look for the next job; it is tried again');
      }
    }
  }
}
