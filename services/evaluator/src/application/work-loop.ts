import { WorkLane } from '@myriad/kernel';
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
  private readonly lanes: WorkLane[];

  constructor(runEvaluation: RunEvaluation, reconcile: Reconcile, @Inject(LOGGER) logger: Logger) {
    const onFault = (error: unknown): void => {
      logger.warn({ err: error }, 'a round of work failed; it is tried again');
    };
    const reconciling = new WorkLane(() => reconcile.execute().then(() => false), onFault);
    const evaluating = new WorkLane(async (signal) => {
      const didOne = await runEvaluation.execute(signal);
      if (didOne) reconciling.wake();
      return didOne;
    }, onFault);
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
