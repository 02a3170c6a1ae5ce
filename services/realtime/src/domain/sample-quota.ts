/** Decides which predictions are sampled: a share of them, and never more than so many a second. */
export class SampleQuota {
  private second = 0;
  private taken = 0;

  constructor(
    /** Share, 0–1. */
    private readonly rate: number,
    private readonly maxPerSecond: number,
    /** Uniform in [0, 1). */
    private readonly random: () => number = Math.random,
  ) {}

  take(nowMs: number): boolean {
    if (this.rate === 0 || this.random() >= this.rate) return false;
    const second = Math.floor(nowMs / 1000);
    if (second !== this.second) {
      this.second = second;
      this.taken = 0;
    }
    this.taken += 1;
    return this.taken <= this.maxPerSecond;
  }
}
