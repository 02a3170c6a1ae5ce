const FIRST_MS = 100;
const LONGEST_MS = 10_000;
/** A process that was ready this long starts again at the first delay when it ends. */
const HEALTHY_MS = 30_000;

/** How long to wait before a process that ended is started again: 100 ms, doubled at each end in a row, at most 10 s. */
export class BackOff {
  #endsInARow = 0;

  /** Notes an end and answers the wait in milliseconds. `readyForMs` is how long the process was ready, 0 when it never was. */
  nextDelayMs(readyForMs: number): number {
    if (readyForMs >= HEALTHY_MS) this.#endsInARow = 0;
    const delayMs = Math.min(FIRST_MS * 2 ** this.#endsInARow, LONGEST_MS);
    this.#endsInARow += 1;
    return delayMs;
  }

  /** Ends since it was last healthy. */
  get endsInARow(): number {
    return this.#endsInARow;
  }

  reset(): void {
    this.#endsInARow = 0;
  }
}
