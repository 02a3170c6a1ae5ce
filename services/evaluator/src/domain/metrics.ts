import { type Estimate, meanInterval, wilsonInterval, zOf } from './intervals.js';

export const METRICS = ['auc', 'log-loss', 'accuracy', 'brier'] as const;
export type MetricName = (typeof METRICS)[number];

/** Whether more is better. */
export const HIGHER_IS_BETTER: Readonly<Record<MetricName, boolean>> = {
  auc: true,
  'log-loss': false,
  accuracy: true,
  brier: false,
};

/** How many of the scores are no number: what a model answers that can't cope with a missing value. */
export function unscored(scores: Float64Array): number {
  return scores.reduce((count, score) => count + (Number.isFinite(score) ? 0 : 1), 0);
}

/**
 * Measures scores (probability of class 1, in [0, 1]) against labels (0 or 1).
 * @returns undefined where the metric is not defined: no rows, a score that is no number, or one class only (auc).
 */
export function measure(
  metric: MetricName,
  scores: Float64Array,
  labels: Float64Array,
  confidence: number,
): Estimate | undefined {
  if (scores.length === 0 || unscored(scores) > 0) return undefined;
  switch (metric) {
    case 'auc':
      return auc(scores, labels, confidence);
    case 'log-loss':
      return meanInterval(
        scores.map((score, row) => -Math.log(Math.min(1, Math.max(1e-15, labels[row] === 1 ? score : 1 - score)))),
        confidence,
      );
    case 'brier':
      return meanInterval(
        scores.map((score, row) => (score - (labels[row] ?? 0)) ** 2),
        confidence,
      );
    case 'accuracy':
      return wilsonInterval(
        scores.reduce((hits, score, row) => hits + (Number(score >= 0.5) === labels[row] ? 1 : 0), 0),
        scores.length,
        confidence,
      );
  }
}

/** Mid-ranks of the values, 1-based: equal values share the mean of their ranks. */
function midRanks(values: Float64Array): Float64Array {
  const order = Uint32Array.from(values.keys()).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
  const ranks = new Float64Array(values.length);
  for (let start = 0; start < order.length;) {
    let end = start;
    while (end < order.length && values[order[end] ?? 0] === values[order[start] ?? 0]) end += 1;
    for (let at = start; at < end; at += 1) ranks[order[at] ?? 0] = (start + end + 1) / 2;
    start = end;
  }
  return ranks;
}

/** Area under the ROC curve with DeLong's variance, computed from mid-ranks (Sun and Xu 2014). */
function auc(scores: Float64Array, labels: Float64Array, confidence: number): Estimate | undefined {
  const positive = scores.filter((_, row) => labels[row] === 1);
  const negative = scores.filter((_, row) => labels[row] !== 1);
  const [m, n] = [positive.length, negative.length];
  if (m === 0 || n === 0) return undefined;
  const together = new Float64Array(m + n);
  together.set(positive);
  together.set(negative, m);
  const all = midRanks(together);
  const amongPositive = midRanks(positive);
  const amongNegative = midRanks(negative);
  const v10 = positive.map((_, i) => ((all[i] ?? 0) - (amongPositive[i] ?? 0)) / n);
  const v01 = negative.map((_, j) => 1 - ((all[m + j] ?? 0) - (amongNegative[j] ?? 0)) / m);
  const value = v10.reduce((sum, x) => sum + x, 0) / m;
  const half = zOf(confidence) * Math.sqrt(variance(v10, value) / m + variance(v01, value) / n);
  return { value, low: Math.max(0, value - half), high: Math.min(1, value + half) };
}

function variance(values: Float64Array, mean: number): number {
  return values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / Math.max(1, values.length - 1);
}
