import type { Placement } from './placement.js';

/** Where the time of a request went, microseconds. */
export interface RequestTimes {
  /** Its values were read. */
  readonly inputMicros: number;
  /** The model ran. */
  readonly inferMicros: number;
  /** The answer was written. */
  readonly outputMicros: number;
}

/** What a version did since it was placed here. */
export interface VersionStatistics {
  requests: number;
  rows: number;
  failures: number;
  inputMicros: number;
  inferMicros: number;
  outputMicros: number;
  /** Unix milliseconds of the last answer; 0: none. */
  lastMs: number;
}

const none = (): VersionStatistics => ({
  requests: 0,
  rows: 0,
  failures: 0,
  inputMicros: 0,
  inferMicros: 0,
  outputMicros: 0,
  lastMs: 0,
});

/** Counts for as long as a placement is known: what was metered is sent away and forgotten, this is not. */
export class ModelStatistics {
  private readonly versions = new WeakMap<Placement, VersionStatistics>();

  answered(placement: Placement, rows: number, times: RequestTimes, nowMs: number): void {
    const version = this.entryOf(placement);
    version.requests += 1;
    version.rows += rows;
    version.inputMicros += times.inputMicros;
    version.inferMicros += times.inferMicros;
    version.outputMicros += times.outputMicros;
    version.lastMs = nowMs;
  }

  failed(placement: Placement): void {
    this.entryOf(placement).failures += 1;
  }

  of(placement: Placement): Readonly<VersionStatistics> {
    return this.versions.get(placement) ?? none();
  }

  private entryOf(placement: Placement): VersionStatistics {
    let version = this.versions.get(placement);
    if (version === undefined) this.versions.set(placement, (version = none()));
    return version;
  }
}
