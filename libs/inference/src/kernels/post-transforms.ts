import { noKernel } from './compiler.js';

const f = Math.fround;
const LOWEST = -3.4028234663852886e38;
const SQRT_2 = f(Math.SQRT2);
const A = f(0.147);

/** As ONNX Runtime's ml_common.h computes them, in single precision. */
export function logistic(x: number): number {
  const v = f(1 / f(1 + f(Math.exp(-Math.abs(x)))));
  return x < 0 ? f(1 - v) : v;
}

export function probit(p: number): number {
  const x = f(f(2 * p) - 1);
  const log = f(Math.log(f(f(1 - x) * f(1 + x))));
  const v = f(f(2 / f(f(Math.PI) * A)) + f(0.5 * log));
  const v3 = f(-v + f(Math.sqrt(f(f(v * v) - f(f(1 / A) * log)))));
  return f(SQRT_2 * f((x < 0 ? -1 : 1) * f(Math.sqrt(v3))));
}

function softmax(data: Float32Array, start: number, end: number): void {
  let max = LOWEST;
  for (let i = start; i < end; i += 1) if ((data[i] as number) > max) max = data[i] as number;
  let sum = 0;
  for (let i = start; i < end; i += 1) {
    data[i] = Math.exp(f((data[i] as number) - max));
    sum = f(sum + (data[i] as number));
  }
  for (let i = start; i < end; i += 1) data[i] = (data[i] as number) / sum;
}

/** Softmax that leaves what is about zero at about zero. */
function softmaxZero(data: Float32Array, start: number, end: number): void {
  let max = LOWEST;
  for (let i = start; i < end; i += 1) if ((data[i] as number) > max) max = data[i] as number;
  const scale = f(Math.exp(-max));
  let sum = 0;
  for (let i = start; i < end; i += 1) {
    const x = data[i] as number;
    if (x > 1e-7 || x < -1e-7) {
      data[i] = Math.exp(f(x - max));
      sum = f(sum + (data[i] as number));
    } else data[i] = x * scale;
  }
  for (let i = start; i < end; i += 1) data[i] = (data[i] as number) / sum;
}

/** Transforms the scores `start` (inclusive) to `end` (exclusive) of one row in place. */
export type PostTransform = (data: Float32Array, start: number, end: number) => void;

const each =
  (transform: (x: number) => number): PostTransform =>
  (data, start, end) => {
    for (let i = start; i < end; i += 1) data[i] = transform(data[i] as number);
  };

const TRANSFORMS: Readonly<Record<string, PostTransform>> = {
  LOGISTIC: each(logistic),
  PROBIT: each(probit),
  SOFTMAX: softmax,
  SOFTMAX_ZERO: softmaxZero,
};

export { softmax };

/** The transform of that name; undefined for NONE. @throws {NoKernel} */
export function postTransform(name: string): PostTransform | undefined {
  return name === 'NONE' ? undefined : (TRANSFORMS[name] ?? noKernel(`post_transform ${name}`));
}
