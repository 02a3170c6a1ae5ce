import type { Logger } from '@myriad/telemetry';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { ExpireRollouts } from './expire-rollouts.js';
import { ReconcilePools } from './reconcile-pools.js';

export const LOGGER = Symbol('Logger');
const INTERVAL_MS = 2000;

/** Runs the reconcilers one after another: when woken, and every two seconds. A failed round is logged and tried again. */
@Injectable()
export class ReconcileLoop implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private again = false;
  private stopped = false;

  constructor(
    private readonly reconcilePools: ReconcilePools,
    private readonly expireRollouts: ExpireRollouts,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.wake();
    }, INTERVAL_MS);
    this.timer.unref();
    this.wake();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.running;
  }

  /** Starts a round, or one more after the round in hand. */
  wake(): void {
    if (this.stopped) return;
    this.again = true;
    this.running ??= this.rounds().finally(() => {
      this.running = undefined;
    });
  }

  private async rounds(): Promise<void> {
    while (this.again && !this.stopped) {
      this.again = false;
      try {
        await this.expireRollouts.execute();
        await this.reconcilePools.execute();
      } catch (error) {
        this.logger.warn({ err: error }, 'a round of reconciling failed; it is tried again');
      }
    }
  }
}
