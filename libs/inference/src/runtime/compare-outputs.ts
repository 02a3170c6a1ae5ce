import type { Tensor, TensorMap } from '../tensors/tensor.js';

/** Two numbers agree when `|a − b| ≤ absolute + relative × |b|`; both ≥ 0. */
export interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
}

/** How near a runtime must come to what the trainer recorded. */
export const PARITY_TOLERANCE: Tolerance = { absolute: 1e-5, relative: 1e-5 };

/** Bit for bit. */
export const EXACT: Tolerance = { absolute: 0, relative: 0 };

export interface Comparison {
  readonly isEqual: boolean;
  /** Largest `|a − b|` over all numbers; Infinity where one is NaN and the other not. */
  readonly maxAbsoluteDifference: number;
  /** Largest `|a − b| / |b|` where b is not 0. */
  readonly maxRelativeDifference: number;
  readonly comparedValues: number;
  /** The first value that differs by more than the tolerance, or a tensor that is missing or of another type or shape. */
  readonly firstDifference?: { readonly output: string; readonly index: number; readonly detail: string };
}

interface Tally {
  maxAbsolute: number;
  maxRelative: number;
  compared: number;
  first?: { output: string; index: number; detail: string };
}

/**
 * Compares outputs with what is expected of them. Floats by the tolerance, NaN equals NaN; integers, booleans and strings must be equal. Outputs that are not expected are not looked at.
 */
export function compareOutputs(actual: TensorMap, expected: TensorMap, tolerance: Tolerance): Comparison {
  const tally: Tally = { maxAbsolute: 0, maxRelative: 0, compared: 0 };
  for (const [name, wanted] of Object.entries(expected)) {
    const given = actual[name];
    const mismatch = given === undefined ? 'is missing' : formMismatch(given, wanted);
    if (given === undefined || mismatch !== undefined)
      tally.first ??= { output: name, index: -1, detail: mismatch ?? '' };
    else compareTensor(name, [given, wanted], tolerance, tally);
  }
  return {
    isEqual: tally.first === undefined,
    maxAbsoluteDifference: tally.maxAbsolute,
    maxRelativeDifference: tally.maxRelative,
    comparedValues: tally.compared,
    ...(tally.first !== undefined && { firstDifference: tally.first }),
  };
}

function formMismatch(given: Tensor, wanted: Tensor): string | undefined {
  const form = (tensor: Tensor): string => `${tensor.datatype}[${tensor.shape.join(',')}]`;
  return form(given) === form(wanted) ? undefined : `is ${form(given)}; ${form(wanted)} was expected`;
}

function compareTensor(
  name: string,
  [given, wanted]: readonly [Tensor, Tensor],
  tolerance: Tolerance,
  tally: Tally,
): void {
  const isFloat = given.datatype === 'FP32' || given.datatype === 'FP64';
  for (let i = 0; i < wanted.data.length; i += 1) {
    const a = given.data[i];
    const b = wanted.data[i];
    tally.compared += 1;
    const same = isFloat ? compareNumbers(a as number, b as number, tolerance, tally) : a === b;
    if (!same) tally.first ??= { output: name, index: i, detail: `${String(a)} was given, ${String(b)} expected` };
  }
}

function compareNumbers(a: number, b: number, tolerance: Tolerance, tally: Tally): boolean {
  // covers NaN with NaN and equal infinities; 0 and −0 differ in their bits, which only EXACT cares for
  if (Object.is(a, b)) return true;
  const difference = Math.abs(a - b);
  if (Number.isNaN(difference)) {
    tally.maxAbsolute = Infinity;
    return false;
  }
  tally.maxAbsolute = Math.max(tally.maxAbsolute, difference);
  if (b !== 0) tally.maxRelative = Math.max(tally.maxRelative, difference / Math.abs(b));
  if (tolerance.absolute === 0 && tolerance.relative === 0) return false;
  return difference <= tolerance.absolute + tolerance.relative * Math.abs(b);
}
