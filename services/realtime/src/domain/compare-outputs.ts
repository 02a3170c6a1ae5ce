/** A tensor's values, whatever they are. */
export interface Values {
  readonly data: ArrayLike<unknown>;
}

export interface Difference {
  /** Whether all is the same, numbers within 1e-6 + 1e-5 × value. */
  readonly isSame: boolean;
  /** Of numbers; Infinity where one gave none or another number of them. */
  readonly max: number;
}

/** Compares what two versions gave for the same request, by the outputs of the first. */
export function compareOutputs(
  served: Readonly<Record<string, Values>>,
  tried: Readonly<Record<string, Values>>,
): Difference {
  let [isSame, max] = [true, 0];
  for (const [name, { data }] of Object.entries(served)) {
    const other = tried[name]?.data;
    if (other?.length !== data.length) return { isSame: false, max: Infinity };
    for (let at = 0; at < data.length; at += 1) {
      const difference = differenceOf(data[at], other[at]);
      if (difference > 1e-6 + 1e-5 * Math.abs(Number(data[at]) || 0)) isSame = false;
      // texts differ or they don't: by how much is said of numbers only
      if (typeof data[at] !== 'string') max = Math.max(max, difference);
    }
  }
  return { isSame, max };
}

function differenceOf(a: unknown, b: unknown): number {
  if (Object.is(a, b) || a === b) return 0;
  const isNumeric = (value: unknown): boolean => typeof value === 'number' || typeof value === 'bigint';
  if (!isNumeric(a) || !isNumeric(b)) return Infinity;
  const difference = Math.abs(Number(a) - Number(b));
  return Number.isNaN(difference) ? Infinity : difference;
}
