/** Where time comes from; injected, so that tests turn the hands. */
export interface Clock {
  /** Unix time, milliseconds. */
  nowMs(): number;
  /** Resolves after `ms` milliseconds, or rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      }, ms);
      signal?.addEventListener('abort', onAbort, { once: true });
    }),
};

/** A clock that moves only when told; sleepers wake in order of their time. */
export class FakeClock implements Clock {
  private sleepers: { readonly atMs: number; readonly wake: () => void }[] = [];

  constructor(private currentMs = Date.UTC(2026, 0, 1)) {}

  nowMs(): number {
    return this.currentMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error);
        return;
      }
      this.sleepers.push({ atMs: this.currentMs + ms, wake: resolve });
      signal?.addEventListener(
        'abort',
        () => {
          reject(signal.reason as Error);
        },
        { once: true },
      );
    });
  }

  /** Moves time on by `ms` milliseconds and wakes whoever slept until then. */
  advance(ms: number): void {
    this.currentMs += ms;
    const due = this.sleepers.filter((s) => s.atMs <= this.currentMs).sort((a, b) => a.atMs - b.atMs);
    this.sleepers = this.sleepers.filter((s) => s.atMs > this.currentMs);
    for (const sleeper of due) sleeper.wake();
  }
}
