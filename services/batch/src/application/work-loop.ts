import { WorkLane } from '@myriad/kernel';
import type { Logger } from '@myriad/telemetry';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { LOGGER, WORKERS } from './ports.js';
import { RunJob } from './run-job.js';
import { SweepParts } from './sweep-parts.js';
import { Stopped } from './stopped.js';

const INTERVAL_MS = 1000;

/** Runs queued jobs, several side by side, and sweeps after them: when woken, and every second. A failed round is logged and tried again. */
@Injectable()
export class WorkLoop implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly lanes: readonly WorkLane[];
  private timer: NodeJS.Timeout | undefined;

  constructor(runJob: RunJob, sweep: SweepParts, @Inject(LOGGER) logger: Logger, @Inject(WORKERS) workers: number) {
    const onFault = (error: unknown): void => {
      logger.warn({ err: error }, 'a round of work failed; it is tried again');
    };
    const sweeping = new WorkLane(() => sweep.execute(), onFault);
    const run = async (signal: AbortSignal): Promise<boolean> => {
      const didOne = await runJob.execute(signal);
      if (didOne) sweeping.wake();
      return didOne;
    };
    this.lanes = [...Array.from({ length: workers }, () => new WorkLane(run, onFault)), sweeping];
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
    const reason = new Stopped('shutdown');
    await Promise.all(this.lanes.map((lane) => lane.stop(reason)));
  }

  wake(): void {
    for (const lane of this.lanes) lane.wake();
  }
}
