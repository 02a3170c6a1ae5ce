export interface RateLimit {
  readonly requestsPerSecond: number;
  readonly burst: number;
}

/** What a bucket says to a request. */
export interface Admission {
  readonly isAdmitted: boolean;
  /** How many may come at once. */
  readonly limit: number;
  /** How many more may come now. */
  readonly remaining: number;
  /** Seconds until the bucket is full again, or, for a refused request, until one may pass; rounded up. */
  readonly resetSeconds: number;
}

/** Lets `burst` requests through at once and `requestsPerSecond` in the long run. */
export class TokenBucket {
  private tokens: number;

  constructor(
    private limit: RateLimit,
    private filledAtMs: number,
  ) {
    this.tokens = limit.burst;
  }

  /** Changes the limit; what is in the bucket stays, up to the new burst. */
  setLimit(limit: RateLimit): void {
    this.limit = limit;
    this.tokens = Math.min(this.tokens, limit.burst);
  }

  /** What others took of the same limit: it is missing here, down to a debt of `maxDebt`, before anything comes through again. */
  spend(count: number, maxDebt: number): void {
    this.tokens = Math.max(-maxDebt, this.tokens - count);
  }

  take(nowMs: number): Admission {
    const { requestsPerSecond, burst } = this.limit;
    const sinceMs = Math.max(0, nowMs - this.filledAtMs);
    this.tokens = Math.min(burst, this.tokens + (sinceMs * requestsPerSecond) / 1000);
    this.filledAtMs = nowMs;
    const isAdmitted = this.tokens >= 1;
    if (isAdmitted) this.tokens -= 1;
    const missing = isAdmitted ? burst - this.tokens : 1 - this.tokens;
    const resetSeconds = Math.ceil(missing / requestsPerSecond);
    return { isAdmitted, limit: burst, remaining: Math.max(0, Math.floor(this.tokens)), resetSeconds };
  }
}
