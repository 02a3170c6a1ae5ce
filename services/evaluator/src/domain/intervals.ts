/** A measured value and the interval that holds the true one with the stated confidence. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/**
 * The z with P(|Z| ≤ z) = confidence, Z standard normal; by bisection of the normal distribution, to 1e-10.
 * @param confidence in (0, 1).
 */
export function zOf(confidence: number): number {
  let low = 0;
  let high = 10;
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (erf(middle / Math.SQRT2) < confidence) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The error function: its series below 3, its continued fraction above (Abramowitz and Stegun 7.1.6, 7.1.14). */
function erf(x: number): number {
  if (x > 6) return 1;
  if (x < 3) {
    let term = x;
    let sum = x;
    for (let n = 1; n < 100; n += 1) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
      if (term < sum * 1e-17) break;
    }
    return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
  }
  let fraction = 0;
  for (let n = 60; n >= 1; n -= 1) fraction = n / 2 / (x + fraction);
  return 1 - Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + fraction);
}

/** Mean of per-row values with the interval of the central limit theorem. */
export function meanInterval(values: Float64Array, confidence: number): Estimate {
  const n = values.length;
  const value = values.reduce((sum, x) => sum + x, 0) / n;
  const variance = values.reduce((sum, x) => sum + (x - value) ** 2, 0) / Math.max(1, n - 1);
  const half = zOf(confidence) * Math.sqrt(variance / n);
  return { value, low: value - half, high: value + half };
}

/** Share of successes with Wilson's score interval (Wilson 1927), which stays within [0, 1] and holds for small n. */
export function wilsonInterval(successes: number, n: number, confidence: number): Estimate {
  const z = zOf(confidence);
  const share = successes / n;
  const centre = (share + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  return { value: share, low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}
