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

/**
 * Counts use in memory, one entry a placement, until it is drained. A version that is placed anew within a window has an entry of each placement, and both are told.
 */
export class UsageLedger {
  private entries = new Map<Placement, Usage>();

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
    let usage = this.entries.get(placement);
    if (usage === undefined) {
      const { windowStartMs } = this;
      usage = { placement, windowStartMs, requests: 0, rows: 0, errors: 0, computeMicros: 0 };
      this.entries.set(placement, usage);
    }
    return usage;
  }
}
