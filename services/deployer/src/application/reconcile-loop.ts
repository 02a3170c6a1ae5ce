import { WorkLane } from '@myriad/kernel';
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
  private readonly lane: WorkLane;

  constructor(reconcilePools: ReconcilePools, expireRollouts: ExpireRollouts, @Inject(LOGGER) logger: Logger) {
    const round = async (): Promise<boolean> => {
      await expireRollouts.execute();
      await reconcilePools.execute();
      return false;
    };
    this.lane = new WorkLane(round, (error) => {
      logger.warn({ err: error }, 'a round of reconciling failed; it is tried again');
    });
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
    await this.lane.stop();
  }

  /** Starts a round, or one more after the round in hand. */
  wake(): void {
    this.lane.wake();
  }
}
