/** One kind of work that is done in rounds: when woken, one after the other, never two rounds at a time. */
export class WorkLane {
  private running: Promise<void> | undefined;
  private isWoken = false;
  private isStopped = false;

  /** `round` answers whether there may be more to do at once; what it throws is given to `onFault`, and the next wake tries again. */
  constructor(
    private readonly round: () => Promise<boolean>,
    private readonly onFault: (error: unknown) => void,
  ) {}

  /** Starts a round, or one more after the round in hand. */
  wake(): void {
    if (this.isStopped) return;
    this.isWoken = true;
    this.running ??= this.rounds().finally(() => {
      this.running = undefined;
    });
  }

  /** Resolves after the round in hand; no other follows. */
  async stop(): Promise<void> {
    this.isStopped = true;
    await this.running;
  }

  private async rounds(): Promise<void> {
    while (this.isWoken && !this.isStopped) {
      this.isWoken = false;
      try {
        if (await this.round()) this.isWoken = true;
      } catch (error) {
        this.onFault(error);
      }
    }
  }
}
