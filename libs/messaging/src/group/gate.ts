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

/** What a log that is asked is given after nobody wants to wait any more, milliseconds: one that is there answers within it. */
const LAST_ANSWER_MS = 2_000;

/**
 * Waits for the log's answer, and once the signal has aborted for two seconds more: a log that is away never gives one.
 * @returns whether it came
 * @throws what the log refused it with
 */
export async function answered(answer: Promise<unknown>, signal: AbortSignal): Promise<boolean> {
  const done = new AbortController();
  const isLate = new Promise<boolean>((resolve) => {
    const wait = (): void => {
      void pause(LAST_ANSWER_MS, done.signal).then(() => {
        resolve(false);
      });
    };
    if (signal.aborted) wait();
    else signal.addEventListener('abort', wait, { once: true, signal: done.signal });
  });
  try {
    return await Promise.race([answer.then(() => true), isLate]);
  } finally {
    done.abort();
  }
}
