/** While there is work one refusal is told in so long, milliseconds: who is refused asks again at once, and what refusals take nobody gets. */
const EACH_MS = 1;
/** When there is none, so many in a turn of the event loop: told all at once, all would ask at once, and that turn took 20 ms. */
const IDLE_AT_ONCE = 8;
/** Refusals that are held back, at most; more are told at once. */
const MOST_HELD = 4_096;

/** Refusals that wait until they may be told. One that is held keeps its connection from the next request, so a client that floods is slowed to what can be refused. */
export class HeldRefusals {
  private readonly held: (() => void)[] = [];
  private lastMs = 0;

  /** Resolves when it may be told; at once unless the thread is busy. */
  hold(isBusy: boolean): Promise<void> {
    if (!isBusy || this.held.length >= MOST_HELD) return Promise.resolve();
    return new Promise((resolve) => this.held.push(resolve));
  }

  get size(): number {
    return this.held.length;
  }

  /** Tells what may be told by now, on the stopwatch that measures work. */
  tell(isBusy: boolean, nowMs: number): void {
    if (isBusy && nowMs - this.lastMs < EACH_MS) return;
    this.lastMs = nowMs;
    for (const tell of this.held.splice(0, isBusy ? 1 : IDLE_AT_ONCE)) tell();
  }
}
