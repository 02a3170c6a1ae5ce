import type { Estimate } from './intervals.js';
import { HIGHER_IS_BETTER, type MetricName, measure, unscored } from './metrics.js';
import type { Suite, Threshold } from './suite.js';

export type Outcome = 'pass' | 'fail' | 'inconclusive';

/** One threshold on one set. */
export interface Check {
  readonly set: string;
  readonly seed: number | null;
  readonly metric: MetricName;
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly rows: number;
  readonly outcome: Outcome;
  readonly detail: string;
}

/** What a version answered on one set. */
export interface ScoredSet {
  readonly name: string;
  /** null for the golden set. */
  readonly seed: number | null;
  readonly scores: Float64Array;
  readonly labels: Float64Array;
}

export interface Verdict {
  readonly verdict: Outcome;
  readonly reason: string;
  readonly checks: readonly Check[];
  /** The first threshold's metric on the golden set; null when it is not defined there. */
  readonly metric: (Estimate & { readonly name: MetricName; readonly rows: number }) | null;
}

const round = (value: number): string => value.toFixed(4);

/** On golden a bound holds when the whole interval keeps it, fails when the whole interval breaks it, and is open in between. */
function goldenOutcome(estimate: Estimate, threshold: Threshold): Outcome {
  const { min = -Infinity, max = Infinity } = threshold;
  if (estimate.high < min || estimate.low > max) return 'fail';
  return estimate.low >= min && estimate.high <= max ? 'pass' : 'inconclusive';
}

/** On a randomized set the value itself must keep the bounds, and must not fall behind golden by more than allowed. */
function randomizedOutcome(estimate: Estimate, threshold: Threshold, golden: Estimate | undefined): Outcome {
  const { min = -Infinity, max = Infinity, maxDrop = Infinity } = threshold;
  const behind =
    golden === undefined ? 0 : (golden.value - estimate.value) * (HIGHER_IS_BETTER[threshold.metric] ? 1 : -1);
  return estimate.value >= min && estimate.value <= max && behind <= maxDrop ? 'pass' : 'fail';
}

function boundsOf(threshold: Threshold): string {
  const parts = [
    threshold.min === undefined ? '' : `≥ ${threshold.min}`,
    threshold.max === undefined ? '' : `≤ ${threshold.max}`,
    threshold.maxDrop === undefined ? '' : `at most ${threshold.maxDrop} behind golden`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}

/** A model that gives no number fails; a set of one class can't tell. */
function undefinedOutcome({ scores }: ScoredSet, { metric }: Threshold): Pick<Check, 'outcome' | 'detail'> {
  const missing = unscored(scores);
  return missing > 0
    ? { outcome: 'fail', detail: `the model gives no number for ${missing} of ${scores.length} rows` }
    : { outcome: 'inconclusive', detail: `${metric} is not defined: one class only` };
}

function checkOf(set: ScoredSet, threshold: Threshold, suite: Suite, golden: Estimate | undefined): Check {
  const about = { set: set.name, seed: set.seed, metric: threshold.metric, rows: set.scores.length };
  const estimate = measure(threshold.metric, set.scores, set.labels, suite.confidence);
  if (estimate === undefined)
    return { ...about, value: null, low: null, high: null, ...undefinedOutcome(set, threshold) };
  const outcome =
    set.seed === null ? goldenOutcome(estimate, threshold) : randomizedOutcome(estimate, threshold, golden);
  return {
    ...about,
    ...estimate,
    outcome,
    detail: `${threshold.metric} ${round(estimate.value)} [${round(estimate.low)}, ${round(estimate.high)}]; wanted ${boundsOf(threshold)}`,
  };
}

/** Why the golden set is too small to tell, if it is. */
export function tooSmall(suite: Suite, labels: Float64Array): string | undefined {
  if (labels.length < suite.minRows) return `${labels.length} golden rows; the suite wants at least ${suite.minRows}`;
  if (suite.task !== 'binary-classification') return undefined;
  const positives = labels.reduce((count, label) => count + (label === 1 ? 1 : 0), 0);
  const fewest = Math.min(positives, labels.length - positives);
  return fewest < suite.minPerClass
    ? `${fewest} golden rows of the rarer class; the suite wants at least ${suite.minPerClass}`
    : undefined;
}

/** Judges a version by what it answered: fail when any check fails, inconclusive when the golden set can't tell, else pass. */
export function judge(suite: Suite, golden: ScoredSet, randomized: readonly ScoredSet[]): Verdict {
  const checks = suite.thresholds.flatMap((threshold) => {
    const reference = measure(threshold.metric, golden.scores, golden.labels, suite.confidence);
    return [
      ...(threshold.appliesTo === 'randomized' ? [] : [checkOf(golden, threshold, suite, reference)]),
      ...(threshold.appliesTo === 'golden' ? [] : randomized.map((set) => checkOf(set, threshold, suite, reference))),
    ];
  });
  const first = suite.thresholds[0];
  const estimate = first && measure(first.metric, golden.scores, golden.labels, suite.confidence);
  const metric = first && estimate ? { ...estimate, name: first.metric, rows: golden.scores.length } : null;
  return { ...verdictOf(suite, golden, checks), checks, metric };
}

function verdictOf(suite: Suite, golden: ScoredSet, checks: readonly Check[]): { verdict: Outcome; reason: string } {
  const small = tooSmall(suite, golden.labels);
  if (small !== undefined) return { verdict: 'inconclusive', reason: small };
  const failed = checks.filter((check) => check.outcome === 'fail');
  if (failed[0])
    return {
      verdict: 'fail',
      reason: `${failed.length} of ${checks.length} checks failed; first: ${failed[0].set} ${failed[0].detail}`,
    };
  const open = checks.filter((check) => check.outcome === 'inconclusive');
  if (open[0])
    return {
      verdict: 'inconclusive',
      reason: `${open.length} of ${checks.length} checks can't be told; first: ${open[0].set} ${open[0].detail}`,
    };
  return { verdict: 'pass', reason: `all ${checks.length} checks passed` };
}
