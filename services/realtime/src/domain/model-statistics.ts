import { grown } from './grown.js';
import type { Placement } from './placement.js';

/** Where the time of a request went, microseconds. */
export interface RequestTimes {
  /** Its values were read. */
  readonly inputMicros: number;
  /** The model ran. */
  readonly inferMicros: number;
  /** The answer was written. */
  readonly outputMicros: number;
}

/** What a version did since it was placed here. */
export interface VersionStatistics {
  readonly requests: number;
  readonly rows: number;
  readonly failures: number;
  readonly inputMicros: number;
  readonly inferMicros: number;
  readonly outputMicros: number;
  /** Unix milliseconds of the last answer; 0: none. */
  readonly lastMs: number;
}

const COUNTS = 7;
const [REQUESTS, ROWS, FAILURES, INPUT, INFER, OUTPUT, LAST] = [0, 1, 2, 3, 4, 5, 6] as const;
/** Of so many versions the counts lie in one block. */
const PER_BLOCK = 4_096;

/** Counts for as long as a version is placed: what was metered is sent away and forgotten, this is not. Sixty bytes of each that was ever asked for. */
export class ModelStatistics {
  private readonly blocks: Float64Array[] = [];
  /** By row of the table: which version was counted, and the number of its counts, from 1; 0: none. */
  private stamps = new Uint32Array(64);
  private numbers = new Uint32Array(64);
  private last = 0;

  answered(placement: Placement, rows: number, times: RequestTimes, nowMs: number): void {
    const [block, at] = this.enter(placement);
    add(block, at + REQUESTS, 1);
    add(block, at + ROWS, rows);
    add(block, at + INPUT, times.inputMicros);
    add(block, at + INFER, times.inferMicros);
    add(block, at + OUTPUT, times.outputMicros);
    block[at + LAST] = nowMs;
  }

  failed(placement: Placement): void {
    const [block, at] = this.enter(placement);
    add(block, at + FAILURES, 1);
  }

  of({ row, stamp }: Placement): VersionStatistics {
    const isKnown = this.stamps[row] === stamp;
    const [block, at] = isKnown ? this.place(this.numbers[row] as number) : [new Float64Array(COUNTS), 0];
    const count = (which: number): number => block[at + which] as number;
    return {
      requests: count(REQUESTS),
      rows: count(ROWS),
      failures: count(FAILURES),
      inputMicros: count(INPUT),
      inferMicros: count(INFER),
      outputMicros: count(OUTPUT),
      lastMs: count(LAST),
    };
  }

  private enter({ row, stamp }: Placement): readonly [Float64Array, number] {
    if (this.stamps[row] === stamp) return this.place(this.numbers[row] as number);
    // a late answer of a version that was replaced
    if ((this.stamps[row] ?? 0) > stamp) return [new Float64Array(COUNTS), 0];
    this.stamps = grown(this.stamps, row);
    this.numbers = grown(this.numbers, row);
    const known = this.numbers[row] as number;
    const number = known === 0 ? (this.last += 1) : known;
    this.stamps[row] = stamp;
    this.numbers[row] = number;
    const place = this.place(number);
    place[0].fill(0, place[1], place[1] + COUNTS);
    return place;
  }

  private place(number: number): readonly [Float64Array, number] {
    const block = (this.blocks[Math.floor(number / PER_BLOCK)] ??= new Float64Array(PER_BLOCK * COUNTS));
    return [block, (number % PER_BLOCK) * COUNTS];
  }
}

function add(block: Float64Array, at: number, more: number): void {
  block[at] = (block[at] as number) + more;
}
