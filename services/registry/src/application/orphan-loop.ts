import { WorkLane } from '@myriad/kernel';
import type { Logger } from '@myriad/telemetry';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { CollectOrphans, type SweepSettings } from './collect-orphans.js';
import { LOGGER, SWEEP_SETTINGS } from './ports.js';

/** Looks for objects that nobody names, again and again; the replicas take turns. A look that failed is logged, and the next one is a new one. */
@Injectable()
export class OrphanLoop implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private readonly lane: WorkLane;

  constructor(
    orphans: CollectOrphans,
    @Inject(LOGGER) logger: Logger,
    @Inject(SWEEP_SETTINGS) private readonly settings: SweepSettings,
  ) {
    const look = async (): Promise<boolean> => {
      await orphans.look();
      return false;
    };
    this.lane = new WorkLane(look, (error) => {
      logger.warn({ err: error }, 'a look for objects that nobody names failed; the next one is a new one');
    });
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.lane.wake();
    }, this.settings.intervalMs);
    this.timer.unref();
    this.lane.wake();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.lane.stop();
  }
}
