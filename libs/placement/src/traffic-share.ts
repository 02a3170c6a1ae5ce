/** How much a key was asked for lately; two whole numbers beside whatever else is known of the key. */
export interface Heat {
  weight: number;
  period: number;
}

export function newHeat(): Heat {
  return { weight: 0, period: 0 };
}

/**
 * Which share of the recent traffic each key has, in constant time and with nothing kept but the key's own {@link Heat}. Time is counted in requests: after each
 * period all that was counted weighs half, so the memory reaches a few periods back.
 */
export class TrafficShare {
  private period = 0;
  private inPeriod = 0;
  /** What all requests of the periods before weigh now. */
  private before = 0;

  /** @param periodRequests requests in a period; a share of less than some tens of requests in it is mostly chance */
  constructor(private periodRequests: number) {}

  /** Another length for this period and those to come. */
  setPeriod(periodRequests: number): void {
    this.periodRequests = periodRequests;
  }

  /** Counts one request of the key. Its share of the traffic, 0–1; in the first period as if that were full already, so that a first request is not all there is. */
  note(heat: Heat): number {
    this.inPeriod += 1;
    if (this.inPeriod > this.periodRequests) {
      this.before = (this.before + this.inPeriod - 1) / 2;
      this.inPeriod = 1;
      this.period += 1;
    }
    const behind = this.period - heat.period;
    if (behind > 0) {
      heat.weight = behind > 30 ? 0 : heat.weight >> behind;
      heat.period = this.period;
    }
    heat.weight += 1;
    return heat.weight / Math.max(this.periodRequests, this.before + this.inPeriod);
  }
}
