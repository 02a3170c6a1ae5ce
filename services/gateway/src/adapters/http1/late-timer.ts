/**
 * Tells when a time has come that is mostly put off before: it is set for each request and hardly ever comes. The timer behind it stays as it is when the time is put off, and looks again when it fires, so setting costs next to nothing.
 */
export class LateTimer {
  private dueMs = Infinity;
  private firesMs = Infinity;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly onDue: () => void) {}

  /** @param dueMs on the clock of `performance.now`; Infinity: never. */
  set(dueMs: number): void {
    this.dueMs = dueMs;
    if (dueMs < this.firesMs) this.arm(performance.now());
  }

  close(): void {
    clearTimeout(this.timer);
    this.dueMs = Infinity;
    this.firesMs = Infinity;
  }

  private arm(nowMs: number): void {
    clearTimeout(this.timer);
    this.firesMs = this.dueMs;
    this.timer = setTimeout(this.fire, Math.ceil(Math.max(0, this.dueMs - nowMs))).unref();
  }

  private readonly fire = (): void => {
    this.firesMs = Infinity;
    const nowMs = performance.now();
    if (this.dueMs <= nowMs) {
      this.dueMs = Infinity;
      this.onDue();
    } else if (this.dueMs !== Infinity) this.arm(nowMs);
  };
}
