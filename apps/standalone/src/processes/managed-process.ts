import type { Clock } from '@myriad/kernel';
import { BackOff } from './back-off.js';
import type { Launched, ProcessExit, ProcessSpec } from './launched.js';
import type { SupervisorLog } from '../state/supervisor-log.js';

export type ProcessState = 'stopped' | 'starting' | 'ready' | 'waiting' | 'failed';

export interface ProcessStatus {
  readonly name: string;
  readonly state: ProcessState;
  readonly pid?: number;
  readonly url?: string;
  /** Times it was started again after the first. */
  readonly restarts: number;
  readonly lastExit?: ProcessExit;
}

export interface ProcessEnvironment {
  readonly clock: Clock;
  readonly log: SupervisorLog;
  /** Writes down that the process runs, or that none does, so that a later supervisor can find it. */
  readonly record: (name: string, pid: number | undefined) => void;
}

/** sysexits.h EX_CONFIG: the process says that a restart will not help. */
const EXIT_CONFIG = 78;
const POLL_MS = 40;

/** Keeps one process running: starts it, asks until it is ready, starts it again with growing pauses when it ends, stops it with a grace. */
export class ManagedProcess {
  #state: ProcessState = 'stopped';
  #launched: Launched | undefined;
  #lastExit: ProcessExit | undefined;
  #starts = 0;
  #readySinceMs: number | undefined;
  #stopping: AbortController | undefined;
  #loop: Promise<void> = Promise.resolve();
  #startNow = false;
  readonly #backOff = new BackOff();

  constructor(
    readonly spec: ProcessSpec,
    private readonly env: ProcessEnvironment,
  ) {}

  status(): ProcessStatus {
    const { name, url } = this.spec;
    return {
      name,
      state: this.#state,
      restarts: Math.max(0, this.#starts - 1),
      ...(this.#launched && { pid: this.#launched.pid }),
      ...(url !== undefined && { url }),
      ...(this.#lastExit && { lastExit: this.#lastExit }),
    };
  }

  /** Ends in a row without a healthy time between them. */
  get endsInARow(): number {
    return this.#backOff.endsInARow;
  }

  /** Starts keeping it; does nothing when it is kept already. */
  start(): void {
    if (this.#stopping) return;
    this.#stopping = new AbortController();
    this.#starts = 0;
    this.#backOff.reset();
    this.#loop = this.#keep(this.#stopping.signal);
  }

  /** Ends it, gives it its grace, and starts it at once. */
  async restart(): Promise<void> {
    if (this.#state === 'failed' || !this.#stopping) {
      await this.stop();
      this.start();
      return;
    }
    this.#startNow = true;
    await this.#end();
  }

  /** Ends it and keeps it no more. */
  async stop(): Promise<void> {
    this.#stopping?.abort(new Error('stopped'));
    await this.#end();
    await this.#loop;
    this.#stopping = undefined;
    this.#state = 'stopped';
  }

  async #keep(signal: AbortSignal): Promise<void> {
    const isStopped = (): boolean => signal.aborted;
    while (!isStopped()) {
      const { readyForMs, code } = await this.#runOnce(signal);
      if (isStopped()) return;
      if (code === EXIT_CONFIG) {
        this.#state = 'failed';
        this.env.log.error('its configuration is wrong, so it is not started again', { process: this.spec.name });
        return;
      }
      await this.#pause(readyForMs, signal);
    }
  }

  /** One life of the process. */
  async #runOnce(signal: AbortSignal): Promise<{ readyForMs: number; code: number | null }> {
    const { name, launch } = this.spec;
    this.#state = 'starting';
    this.#starts += 1;
    try {
      this.#launched = await launch();
    } catch (error) {
      this.env.log.warn('could not be started', { process: name, reason: (error as Error).message });
      return { readyForMs: 0, code: null };
    }
    const launched = this.#launched;
    this.env.record(name, launched.pid);
    if (signal.aborted) void this.#end();
    void this.#untilReady(launched);
    const exit = await launched.exited;
    const readyForMs = this.#readySinceMs === undefined ? 0 : this.env.clock.nowMs() - this.#readySinceMs;
    this.#readySinceMs = undefined;
    this.#launched = undefined;
    this.#lastExit = exit;
    this.env.record(name, undefined);
    if (!signal.aborted && !this.#startNow)
      this.env.log.warn('ended by itself', { process: name, ...exit, readyForMs });
    return { readyForMs, code: exit.code };
  }

  async #untilReady(launched: Launched): Promise<void> {
    const fromMs = this.env.clock.nowMs();
    while (this.#launched === launched) {
      const ready = await this.spec.isReady().catch(() => false);
      if (this.#launched !== launched) return;
      if (ready) {
        this.#state = 'ready';
        this.#readySinceMs = this.env.clock.nowMs();
        const afterMs = this.#readySinceMs - fromMs;
        this.env.log.info('ready', { process: this.spec.name, pid: launched.pid, afterMs });
        return;
      }
      await this.env.clock.sleep(POLL_MS);
    }
  }

  async #pause(readyForMs: number, signal: AbortSignal): Promise<void> {
    if (this.#startNow) {
      this.#startNow = false;
      this.#backOff.reset();
      return;
    }
    const delayMs = this.#backOff.nextDelayMs(readyForMs);
    this.#state = 'waiting';
    this.env.log.info('starts again', { process: this.spec.name, delayMs });
    await this.env.clock.sleep(delayMs, signal).catch(() => undefined);
  }

  async #end(): Promise<void> {
    const launched = this.#launched;
    if (!launched) return;
    launched.kill(this.spec.stopSignal ?? 'SIGTERM');
    const grace = new AbortController();
    const kill = this.env.clock.sleep(this.spec.graceMs, grace.signal).then(
      () => {
        this.env.log.warn('did not end in time and is killed', { process: this.spec.name, graceMs: this.spec.graceMs });
        launched.kill('SIGKILL');
      },
      () => undefined,
    );
    await launched.exited;
    grace.abort(new Error('ended'));
    await kill;
  }
}
