/** A flag to wait for: `open` lets the next (or the present) `wait` through, once. */
export class Gate {
  private isOpen = false;
  private release: (() => void) | undefined;

  open(): void {
    this.isOpen = true;
    this.release?.();
  }

  async wait(): Promise<void> {
    if (!this.isOpen)
      await new Promise<void>((resolve) => {
        this.release = resolve;
      });
    this.isOpen = false;
    this.release = undefined;
  }
}

/** Sleeps `ms` milliseconds, or until the signal aborts; never rejects. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}

/** 100 ms, doubled with every failure in a row, at most 5 s. */
export function backOffMs(failures: number): number {
  return Math.min(5_000, 100 * 2 ** Math.max(0, failures - 1));
}

/** Waits for the promise, at most `ms` milliseconds; never rejects. */
export async function atMost(ms: number, promise: Promise<unknown> | undefined): Promise<void> {
  const late = new AbortController();
  const ended = promise?.then(
    () => undefined,
    () => undefined,
  );
  await Promise.race([ended, pause(ms, late.signal)]);
  late.abort();
}
