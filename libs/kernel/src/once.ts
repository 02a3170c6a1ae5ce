/**
 * A request that must take effect once, however often it is sent and whatever dies meanwhile: its transactions are numbered in the order in
 * which they begin, and what each gave is kept with its effect. When the request is done again, a transaction that is kept gives the same
 * again and does nothing.
 */
export class Once {
  private steps = 0;
  private committed = 0;

  constructor(
    /** Names the request, across processes. */
    readonly claimId: string,
    /** Whether it was begun before, so that there may be something kept. */
    readonly isResumed: boolean,
    /** False when what a transaction gives holds a secret: then it is only remembered that it was done. Default true. */
    readonly keepsValues = true,
  ) {}

  /** The number of the next transaction. */
  nextStep(): number {
    this.steps += 1;
    return this.steps;
  }

  /** A transaction with an effect has committed, now or before. */
  keep(): void {
    this.committed += 1;
  }

  /** Whether there is an effect already. */
  get hasEffect(): boolean {
    return this.committed > 0;
  }
}
