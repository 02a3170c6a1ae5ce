import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * One kind of work that is done in rounds: when woken, one after the other, never two rounds at a time. A round runs in
 * the asynchronous context of the wake that asked for it (the last one, when several did), so it is in that caller's trace; a round that only
 * follows from the one before is in none.
 */
export class WorkLane {
  private running: Promise<void> | undefined;
  private within: ReturnType<typeof AsyncLocalStorage.snapshot> | undefined;
  private readonly alone = AsyncLocalStorage.snapshot();
  private readonly stopping = new AbortController();

  /** `round` answers whether there may be more to do at once; what it throws is given to `onFault`, and the next wake tries again. Its signal aborts when the lane is stopped. */
  constructor(
    private readonly round: (signal: AbortSignal) => Promise<boolean>,
    private readonly onFault: (error: unknown) => void,
  ) {}

  /** Starts a round, or one more after the round in hand. */
  wake(): void {
    if (this.stopping.signal.aborted) return;
    this.within = AsyncLocalStorage.snapshot();
    this.running ??= this.rounds().finally(() => {
      this.running = undefined;
    });
  }

  /** Aborts the signal of the round in hand, for this reason, and resolves after that round; no other follows. */
  async stop(reason?: unknown): Promise<void> {
    this.stopping.abort(reason);
    await this.running;
  }

  private async rounds(): Promise<void> {
    for (let within = this.take(); within !== undefined; within = this.take()) {
      try {
        if (await within(this.round, this.stopping.signal)) this.within ??= this.alone;
      } catch (error) {
        this.onFault(error);
      }
    }
  }

  private take(): ReturnType<typeof AsyncLocalStorage.snapshot> | undefined {
    const { within } = this;
    this.within = undefined;
    return this.stopping.signal.aborted ? undefined : within;
  }
}
