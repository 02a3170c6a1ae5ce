import { WorkLane } from '@myriad/kernel';
import type { Logger } from '@myriad/telemetry';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { AdmitVersion } from './admit-version.js';
import { ManageGrants } from './manage-grants.js';
import { LOGGER } from './ports.js';

const INTERVAL_MS = 2000;

/** Admits registered versions and ends overdue grants: when woken, and every two seconds. A failed round is logged and tried again. */
@Injectable()
export class WorkLoop implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private readonly lane: WorkLane;

  constructor(admit: AdmitVersion, grants: ManageGrants, @Inject(LOGGER) logger: Logger) {
    const round = async (signal: AbortSignal): Promise<boolean> => {
      const didOne = await admit.execute(signal);
      if (!didOne) await grants.expire();
      return didOne;
    };
    this.lane = new WorkLane(round, (error) => {
      logger.warn({ err: error }, 'a round of work failed; it is tried again');
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

  wake(): void {
    this.lane.wake();
  }
}
