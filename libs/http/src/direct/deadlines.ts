/** Something that is to be done before a time. */
export interface Waiting {
  /** On the clock of `performance.now`. */
  readonly dueMs: number;
  readonly late: () => void;
}

/**
 * Tells what is late. All waits are equally long and one timer looks after all of them, at most a quarter of that time too late: a timer for each request costs more than its body.
 */
export class Deadlines {
  /** In the order in which they are due. */
  private readonly waiting = new Set<Waiting>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly timeoutMs: number) {}

  /** From `nowMs` on; `late` is called unless it is taken out before. */
  add(nowMs: number, late: () => void): Waiting {
    const waiting = { dueMs: nowMs + this.timeoutMs, late };
    this.waiting.add(waiting);
    this.timer ??= setInterval(() => {
      this.look();
    }, this.timeoutMs / 4).unref();
    return waiting;
  }

  remove(waiting: Waiting): void {
    this.waiting.delete(waiting);
  }

  close(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private look(): void {
    if (this.waiting.size === 0) this.close();
    const nowMs = performance.now();
    for (const waiting of this.waiting) {
      if (waiting.dueMs > nowMs) return;
      this.waiting.delete(waiting);
      waiting.late();
    }
  }
}
