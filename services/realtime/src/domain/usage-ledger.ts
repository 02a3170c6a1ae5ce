import type { Placement } from './placement.js';

/** How much one version was used since the last look. */
export interface Usage {
  readonly placement: Placement;
  readonly windowStartMs: number;
  requests: number;
  rows: number;
  errors: number;
  computeMicros: number;
}

/** Counts use in memory, one entry of each version that was used, until it is drained. */
export class UsageLedger {
  /** By the stamp of a placement, which is that of its version in the table: placements themselves are made anew when they were not asked for lately. */
  private entries = new Map<number, Usage>();

  constructor(private windowStartMs: number) {}

  /** An answered request; `micros` is the time the model ran. */
  answered(placement: Placement, rows: number, micros: number): void {
    const usage = this.entryOf(placement);
    usage.requests += 1;
    usage.rows += rows;
    usage.computeMicros += micros;
  }

  /** A request that was refused or failed after its model was known. */
  failed(placement: Placement): void {
    const usage = this.entryOf(placement);
    usage.requests += 1;
    usage.errors += 1;
  }

  /** What was counted; a new window starts. */
  drain(nowMs: number): readonly Usage[] {
    const drained = [...this.entries.values()];
    this.entries = new Map();
    this.windowStartMs = nowMs;
    return drained;
  }

  private entryOf(placement: Placement): Usage {
    let usage = this.entries.get(placement.stamp);
    if (usage === undefined) {
      const { windowStartMs } = this;
      usage = { placement, windowStartMs, requests: 0, rows: 0, errors: 0, computeMicros: 0 };
      this.entries.set(placement.stamp, usage);
    }
    return usage;
  }
}
