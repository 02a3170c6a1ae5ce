/** Rows that run together, at most. */
const MOST_ROWS = 256;
/** A run of several may take so long, milliseconds: who comes next waits for it. */
const MOST_MS = 50;
/** Twice the rows must save so much of what a row costs. */
const WORTH = 0.95;
/** After so many full runs, twice the rows are tried again: what they cost may have changed. */
const RETRY_RUNS = 500;

/** How many rows of a model run together: twice as many as long as that makes a row cheaper, by what runs were measured to take. */
export class BatchSize {
  private size = 1;
  /** Microseconds a row in runs of 2^i to 2^(i+1) − 1 rows, moving means. */
  private readonly costs: number[] = [];
  private fullRuns = 0;

  /** Rows to run together now. */
  get rows(): number {
    return this.size;
  }

  /** A run of so many rows took so long. */
  ran(rows: number, micros: number): void {
    const at = 31 - Math.clz32(Math.max(1, rows));
    const cost = micros / rows;
    const known = this.costs[at];
    this.costs[at] = known === undefined ? cost : known + (cost - known) / 8;
    // only a full run says whether more would have come
    if (rows >= this.size) this.adapt(Math.round(Math.log2(this.size)));
  }

  private adapt(at: number): void {
    const here = this.costs[at];
    if (here === undefined) return;
    const below = this.costs[at - 1];
    if (below !== undefined && here > WORTH * below) {
      this.size /= 2;
      this.fullRuns = 0;
      return;
    }
    this.fullRuns += 1;
    const above = this.fullRuns % RETRY_RUNS === 0 ? undefined : this.costs[at + 1];
    const next = 2 * this.size;
    const isWorth = above === undefined || above < WORTH * here;
    if (isWorth && next <= MOST_ROWS && next * here <= MOST_MS * 1_000) this.size = next;
  }
}
