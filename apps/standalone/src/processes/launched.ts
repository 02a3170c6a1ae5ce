/** How a process ended. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A process that was started. */
export interface Launched {
  readonly pid: number;
  /** Resolves when it has ended, however that came. */
  readonly exited: Promise<ProcessExit>;
  kill(signal: NodeJS.Signals): void;
}

/** What the supervisor knows of a process before it starts it. */
export interface ProcessSpec {
  readonly name: string;
  /** Where it answers; absent for one that does not speak HTTP. */
  readonly url?: string;
  /** Starts it. @throws when that is not possible; it is tried again after a pause. */
  readonly launch: () => Promise<Launched>;
  /** Whether it does its work; asked until it does. */
  readonly isReady: () => Promise<boolean>;
  /** The wish to end; default SIGTERM. */
  readonly stopSignal?: NodeJS.Signals;
  /** Milliseconds between the wish and SIGKILL. */
  readonly graceMs: number;
}
