import { AsyncLocalStorage } from 'node:async_hooks';
import { grown } from '../domain/grown.js';

type Within = ReturnType<typeof AsyncLocalStorage.snapshot>;

/** A version to be loaded at the start. */
export interface Waiting {
  readonly row: number;
  /** Placed so lately that a rollout may wait for it. */
  readonly isRecent: boolean;
  /** The trace that it was placed in, of the last that are recent. */
  readonly within: Within | undefined;
}

/** A trace takes 1.5 KB of heap, and the whole of a fleet may have been placed lately. */
const MOST_TRACES = 10_000;

/** Rows that fit beside an age in the 53 bits of a number. */
const MOST_ROWS = 2 ** 26;
const MOST_AGE_SECONDS = 2 ** 27 - 1;

/** Versions that were placed before this replica started, each once: eight bytes of each. */
export class WarmUp {
  /** When each row was placed, Unix milliseconds; 0: it is not to be loaded. */
  private placedAtMs = new Float64Array(64);
  private readonly traces = new Map<number, Within>();

  /** @param recentSinceMs for placements since then a rollout may wait */
  constructor(private readonly recentSinceMs: number) {}

  add(row: number, atMs: number): void {
    this.placedAtMs = grown(this.placedAtMs, row);
    this.placedAtMs[row] = Math.max(atMs, 1);
    this.traces.delete(row);
    if (!this.isRecent(atMs)) return;
    this.traces.set(row, AsyncLocalStorage.snapshot());
    if (this.traces.size > MOST_TRACES) this.traces.delete(this.traces.keys().next().value as number);
  }

  /** Whether a rollout may wait for what was placed then. */
  isRecent(atMs: number): boolean {
    return atMs > this.recentSinceMs;
  }

  delete(row: number): void {
    if (row < this.placedAtMs.length) this.placedAtMs[row] = 0;
    this.traces.delete(row);
  }

  /** The newest first, by the second. */
  *newestFirst(nowMs: number): Generator<Waiting> {
    for (const key of this.sortedKeys(nowMs)) {
      const row = key % MOST_ROWS;
      yield { row, isRecent: this.isRecent(this.placedAtMs[row] as number), within: this.traces.get(row) };
    }
  }

  /** Age and row in one number: numbers are sorted some ten times faster than by a comparison of ours. */
  private sortedKeys(nowMs: number): Float64Array {
    const rows = this.placedAtMs.reduce((count, atMs) => (atMs > 0 ? count + 1 : count), 0);
    const keys = new Float64Array(rows);
    let at = 0;
    for (const [row, atMs] of this.placedAtMs.entries()) {
      if (atMs === 0 || row >= MOST_ROWS) continue;
      const ageSeconds = Math.min(Math.max(0, Math.floor((nowMs - atMs) / 1_000)), MOST_AGE_SECONDS);
      keys[at] = ageSeconds * MOST_ROWS + row;
      at += 1;
    }
    return keys.subarray(0, at).sort();
  }
}
