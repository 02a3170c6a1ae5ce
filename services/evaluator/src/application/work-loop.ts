import type { Logger } from '@myriad/telemetry';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { LOGGER } from './ports.js';
import { Reconcile } from './reconcile.js';
import { RunEvaluation } from './run-evaluation.js';

const INTERVAL_MS = 2000;

/** Runs queued evaluations and advances campaigns: when woken, and every two seconds. A failed round is logged and tried again. */
@Injectable()
export class WorkLoop implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private readonly lanes: Lane[];

  constructor(runEvaluation: RunEvaluation, reconcile: Reconcile, @Inject(LOGGER) logger: Logger) {
    const reconciling = new Lane(() => reconcile.execute().then(() => false), logger);
    const evaluating = new Lane(async () => {
      const didOne = await runEvaluation.execute();
      if (didOne) reconciling.wake();
      return didOne;
    }, logger);
    this.lanes = [evaluating, reconciling];
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.wake();
    }, INTERVAL_MS);
    this.timer.unref();
    this.wake();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all(this.lanes.map((lane) => lane.stop()));
  }

  wake(): void {
    for (const lane of this.lanes) lane.wake();
  }
}

/** One kind of work, never twice at a time in this process. */
class Lane {
  private running: Promise<void> | undefined;
  private isWoken = false;
  private isStopped = false;

  /** `round` answers whether there may be more to do at once. */
  constructor(
    private readonly round: () => Promise<boolean>,
    private readonly logger: Logger,
  ) {}

  wake(): void {
    if (this.isStopped) return;
    this.isWoken = true;
    this.running ??= this.rounds().finally(() => {
      this.running = undefined;
    });
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await this.running;
  }

  private async rounds(): Promise<void> {
    while (this.isWoken && !this.isStopped) {
      this.isWoken = false;
      try {
        if (await this.round()) this.isWoken = true;
      } catch (error) {
        this.logger.warn({ err: error }, 'a round of work failed; it is tried again');
      }
    }
  }
}
