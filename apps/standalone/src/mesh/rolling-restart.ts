import type { Clock } from '@myriad/kernel';
import { z } from 'zod';
import type { ManagedProcess } from '../processes/managed-process.js';
import type { MeshPlan } from './mesh-plan.js';
import type { Replicas } from './replicas.js';

const BACK_MS = 60_000;
const POLL_MS = 50;

const frontsSchema = z.object({
  fronts: z.array(z.object({ backends: z.array(z.object({ name: z.string(), state: z.string() })) })),
});

/** How long a process was away. */
export interface RestartReport {
  readonly name: string;
  /** From the wish that it ends until it has ended, milliseconds. */
  readonly endedMs: number;
  /** From then until it was ready again, milliseconds. */
  readonly readyMs: number;
}

export interface RollingRestartOptions {
  readonly plan: MeshPlan;
  readonly clock: Clock;
  readonly services: readonly { readonly name: string; readonly processes: readonly ManagedProcess[] }[];
  readonly replicas: Replicas;
}

/** Restarts every process of every service in turn, each when the one before takes requests again; the engines go on. */
export class RollingRestart {
  #isUnderWay = false;

  constructor(private readonly options: RollingRestartOptions) {}

  /** @throws when there is one under way, or a process does not come back within a minute. */
  async execute(): Promise<readonly RestartReport[]> {
    if (this.#isUnderWay) throw new Error('a rolling restart is under way already');
    this.#isUnderWay = true;
    try {
      const { services, replicas } = this.options;
      const reports: RestartReport[] = [];
      for (const process of [...services.flatMap(({ processes }) => processes), ...replicas.processes()])
        reports.push(await this.#restart(process));
      return reports;
    } finally {
      this.#isUnderWay = false;
    }
  }

  async #restart(process: ManagedProcess): Promise<RestartReport> {
    const { clock } = this.options;
    const { name } = process.spec;
    const fromMs = clock.nowMs();
    await process.restart();
    const endedAtMs = clock.nowMs();
    while (process.status().state !== 'ready' || !(await this.#takesConnections(name))) {
      if (clock.nowMs() - endedAtMs > BACK_MS)
        throw new Error(`${name} is not ready ${BACK_MS / 1_000} s after its restart`);
      await clock.sleep(POLL_MS);
    }
    return { name, endedMs: endedAtMs - fromMs, readyMs: clock.nowMs() - endedAtMs };
  }

  /** Whether the balancer has seen that it is back; true for what does not stand behind it. */
  async #takesConnections(name: string): Promise<boolean> {
    const { plan } = this.options;
    const isBehind = plan.fronts().some(({ backends }) => backends.some((backend) => backend.name === name));
    if (!isBehind) return true;
    const answer = await fetch(`${plan.urlOf('balancer')}/fronts`);
    const { fronts } = frontsSchema.parse(await answer.json());
    return fronts.flatMap(({ backends }) => backends).some((one) => one.name === name && one.state === 'ready');
  }
}
