import type { Difference } from './compare-outputs.js';
import type { Placement } from './placement.js';

/** What came of asking a shadow the same. */
export class Comparison {
  compared = 0;
  /** Of these, those with another answer. */
  different = 0;
  /** The shadow gave no answer. */
  failed = 0;
  /** Not asked: too many waited, or the version was not in memory. */
  skipped = 0;
  /** Largest difference of a number. */
  maxDifference = 0;
  /** Time in the models of all that was compared, microseconds. */
  servedMicros = 0;
  candidateMicros = 0;

  add({ isSame, max }: Difference, times: { readonly servedMicros: number; readonly candidateMicros: number }): void {
    this.compared += 1;
    if (!isSame) this.different += 1;
    this.maxDifference = Math.max(this.maxDifference, max);
    this.servedMicros += times.servedMicros;
    this.candidateMicros += times.candidateMicros;
  }
}

/** Comparisons of the versions that are tried here, for as long as they are. */
export class TrialComparisons {
  private readonly byStamp = new Map<number, Comparison>();

  of({ stamp }: Placement): Comparison {
    let comparison = this.byStamp.get(stamp);
    if (comparison === undefined) this.byStamp.set(stamp, (comparison = new Comparison()));
    return comparison;
  }

  /** The version is not tried any more. */
  forget({ stamp }: Placement): void {
    this.byStamp.delete(stamp);
  }
}
