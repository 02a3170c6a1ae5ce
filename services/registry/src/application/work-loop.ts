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
  private running: Promise<void> | undefined;
  private isWoken = false;
  private isStopped = false;

  constructor(
    private readonly admit: AdmitVersion,
    private readonly grants: ManageGrants,
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
    this.isStopped = true;
    clearInterval(this.timer);
    await this.running;
  }

  wake(): void {
    if (this.isStopped) return;
    this.isWoken = true;
    this.running ??= this.rounds().finally(() => {
      this.running = undefined;
    });
  }

  private async rounds(): Promise<void> {
    while (this.isWoken && !this.isStopped) {
      this.isWoken = false;
      try {
        if (await this.admit.execute()) this.isWoken = true;
        else await this.grants.expire();
      } catch (error) {
        this.logger.warn({ err: error }, 'a round of work failed; it is tried again');
      }
    }
  }
}
