/** Calls made again at once after a pause without any trouble. */
const MOST = 10;
/** Of calls that went well, so many are worth one that is made again. */
const SHARE = 0.1;

/** Bounds how many calls are made again, as gRPC's retry throttling does: a server in trouble gets at most a tenth more. */
export class RetryBudget {
  private tokens = MOST;
  private count = 0;

  /** Calls made again. */
  get taken(): number {
    return this.count;
  }

  succeeded(): void {
    this.tokens = Math.min(MOST, this.tokens + SHARE);
  }

  /** Whether a call may be made again. */
  take(): boolean {
    if (this.tokens < 1) return false;
    this.tokens -= 1;
    this.count += 1;
    return true;
  }
}
