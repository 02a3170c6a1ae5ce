/** Values of a register or of weights. */
type Values = Float32Array;

/** How the weights of a product lie. */
export interface DenseShape {
  /** Columns of x. */
  readonly features: number;
  /** Columns of scores. */
  readonly columns: number;
  /** [columns, features] where true, else [features, columns]. */
  readonly isTransposed: boolean;
}

/** Where a product reads and writes, as indexes. */
export interface DenseRun {
  readonly rows: number;
  readonly x: Values;
  readonly w: Values;
  /** First weight. */
  readonly w0: number;
  /** First bias in `w`; −1 without one. */
  readonly bias0: number;
  /** 0 where one bias is for all columns, else 1. */
  readonly biasStep: number;
  readonly y: Values;
  /** Values of a row of y; columns or more. */
  readonly stride: number;
}

/** Scores that are added up side by side. */
const FOUR = 4;

/**
 * y = x · W (+ b), each row apart: sums of even and of odd features in double precision, added and rounded once. Sums that wait for nobody are added up four at a time, of four columns of a row or of four
 * rows of a column; each in the order of one alone, so that a row gives the same bits alone and in any batch.
 */
export function denseProduct({ features, columns, isTransposed }: DenseShape): (run: DenseRun) => void {
  const [columnStep, featureStep] = isTransposed ? [features, 1] : [1, columns];
  const [ofColumns, ofRows] = [
    fourSums(features, featureStep, columnStep, 0),
    fourSums(features, featureStep, 0, features),
  ];
  const ofOne = oneSum(features, featureStep);
  const wide = columns - (columns % FOUR);
  return (run) => {
    const { rows, x, w, w0, y, stride } = run;
    for (let row = 0; row < rows; row += 1)
      for (let column = 0; column < wide; column += FOUR) {
        ofColumns(x, row * features, w, w0 + column * columnStep);
        for (let i = 0; i < FOUR; i += 1) y[row * stride + column + i] = withBias(run, SUMS[i] as number, column + i);
      }
    const tall = rows - (rows % FOUR);
    for (let column = wide; column < columns; column += 1) {
      const k = w0 + column * columnStep;
      for (let row = 0; row < tall; row += FOUR) {
        ofRows(x, row * features, w, k);
        for (let i = 0; i < FOUR; i += 1) y[(row + i) * stride + column] = withBias(run, SUMS[i] as number, column);
      }
      for (let row = tall; row < rows; row += 1)
        y[row * stride + column] = withBias(run, ofOne(x, row * features, w, k), column);
    }
  };
}

function withBias({ w, bias0, biasStep }: DenseRun, sum: number, column: number): number {
  return bias0 < 0 ? sum : sum + (w[bias0 + column * biasStep] as number);
}

type Sum = (x: Values, i0: number, w: Values, k0: number) => number;

function oneSum(features: number, step: number): Sum {
  return (x, i0, w, k0) => {
    const end = i0 + features;
    let i = i0;
    let k = k0;
    let a = 0;
    let b = 0;
    for (; i < end - 1; i += 2, k += 2 * step) {
      a += (x[i] as number) * (w[k] as number);
      b += (x[i + 1] as number) * (w[k + step] as number);
    }
    if (i < end) a += (x[i] as number) * (w[k] as number);
    return a + b;
  };
}

/** What {@link fourSums} found last. */
const SUMS = new Float64Array(FOUR);

/** Four sums at once into {@link SUMS}, whose weights lie `c` and whose features lie `r` apart. */
function fourSums(features: number, step: number, c: number, r: number): (...of: Parameters<Sum>) => void {
  return (x, i0, w, k0) => {
    const end = i0 + features;
    // spelled out: lists would be made and taken apart each time
    let a0 = 0;
    let a1 = 0;
    let a2 = 0;
    let a3 = 0;
    let b0 = 0;
    let b1 = 0;
    let b2 = 0;
    let b3 = 0;
    let i = i0;
    let k = k0;
    for (; i < end - 1; i += 2, k += 2 * step) {
      const j = i + 1;
      const l = k + step;
      a0 += (x[i] as number) * (w[k] as number);
      b0 += (x[j] as number) * (w[l] as number);
      a1 += (x[i + r] as number) * (w[k + c] as number);
      b1 += (x[j + r] as number) * (w[l + c] as number);
      a2 += (x[i + 2 * r] as number) * (w[k + 2 * c] as number);
      b2 += (x[j + 2 * r] as number) * (w[l + 2 * c] as number);
      a3 += (x[i + 3 * r] as number) * (w[k + 3 * c] as number);
      b3 += (x[j + 3 * r] as number) * (w[l + 3 * c] as number);
    }
    if (i < end) {
      a0 += (x[i] as number) * (w[k] as number);
      a1 += (x[i + r] as number) * (w[k + c] as number);
      a2 += (x[i + 2 * r] as number) * (w[k + 2 * c] as number);
      a3 += (x[i + 3 * r] as number) * (w[k + 3 * c] as number);
    }
    SUMS[0] = a0 + b0;
    SUMS[1] = a1 + b1;
    SUMS[2] = a2 + b2;
    SUMS[3] = a3 + b3;
  };
}
