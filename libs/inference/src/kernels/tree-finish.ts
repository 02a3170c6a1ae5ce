import { noKernel, type WeightRef } from './compiler.js';
import type { Frame } from './frame.js';
import type { LabelWriter } from './labels.js';
import { logistic, postTransform, type PostTransform } from './post-transforms.js';
import type { Floats } from './registers.js';

const f = Math.fround;

/** What the trees said of one row. */
export interface Scores {
  readonly data: Float32Array;
  /** Whether any leaf spoke for a target. */
  readonly has: Uint8Array;
  trees: number;
}

/** Turns a row's scores into its outputs, as ONNX Runtime's aggregators finish them. */
export type Finish = (frame: Frame, row: number, scores: Scores) => void;

function baseAt({ memory, at }: Frame, base: WeightRef, i: number): number {
  return memory.f32[((at[base.index] as number) >> 2) + i] as number;
}

/**
 * Base values count where there is one a target (of a single target: where there is one). A single target knows no transform but PROBIT. Of several, one that no leaf spoke for is 0,
 * its base value notwithstanding.
 */
export function regressorFinish(
  y: Floats,
  base: WeightRef | undefined,
  aggregate: string,
  transformName: string,
): Finish {
  const targets = y.width;
  const hasBase = base !== undefined && base.spec.shape[0] === targets;
  const isAverage = aggregate === 'AVERAGE';
  const addsZero = targets === 1 || (aggregate !== 'SUM' && !isAverage);
  const transform =
    targets === 1 ? (transformName === 'PROBIT' ? postTransform('PROBIT') : undefined) : postTransform(transformName);
  return (frame, row, scores) => {
    const start = row * targets;
    for (let i = 0; i < targets; i += 1) {
      let score = scores.data[i] as number;
      if (isAverage) score = f(score / scores.trees);
      if (hasBase) score += baseAt(frame, base, i);
      // −0 becomes 0 where the runtime adds a base of 0
      else if (addsZero) score += 0;
      y.data[start + i] = targets > 1 && scores.has[i] === 0 ? 0 : score;
    }
    transform?.(y.data, start, start + targets);
  };
}

export interface ClassifierForm {
  readonly y: Floats;
  readonly labels: LabelWriter;
  readonly base: WeightRef | undefined;
  readonly transform: PostTransform | undefined;
  readonly isLogistic: boolean;
}

/** More than two classes: the first of the greatest scores wins, among the classes that have any. */
export function classesFinish({ y, labels, base, transform }: ClassifierForm): Finish {
  const classes = y.width;
  const baseCount = base?.spec.shape[0] ?? 0;
  if (baseCount > classes) noKernel('more base values than classes');
  return (frame, row, { data, has }) => {
    const start = row * classes;
    let best = -1;
    for (let i = 0; i < classes; i += 1) {
      if (base !== undefined && i < baseCount) {
        data[i] = has[i] === 1 ? (data[i] as number) + baseAt(frame, base, i) : baseAt(frame, base, i);
        has[i] = 1;
      }
      if (has[i] === 1 && (best === -1 || (data[i] as number) > (data[best] as number))) best = i;
      y.data[start + i] = data[i] as number;
    }
    labels.write(frame, row, Math.max(best, 0));
    transform?.(y.data, start, start + classes);
  };
}

export interface BinaryForm extends ClassifierForm {
  /** All leaves speak for one class. */
  readonly hasOneClass: boolean;
  /** No leaf has a negative weight. */
  readonly isPositive: boolean;
}

/**
 * Two classes. Where leaves speak for one class only, its score decides by itself: above 0.5 where all weights are positive (then it is a probability), else above 0; and the other class
 * gets the rest. What no leaf spoke for is written as 0, whatever was added to it. Where leaves speak for both, the runtime looks at the second one's score alone and answers with labels
 * 1 and 0, whatever integers the classes are called.
 */
export function binaryFinish(form: BinaryForm): Finish {
  const { labels, base, hasOneClass, isPositive } = form;
  const baseCount = base?.spec.shape[0] ?? 0;
  if (baseCount > 2) noKernel('more base values than classes');
  const isProbability = hasOneClass && isPositive;
  const addBase = base === undefined ? undefined : binaryBase(base, baseCount);
  return (frame, row, scores) => {
    const { data, has } = scores;
    const hasSecond = has[1] === 1;
    addBase?.(frame, scores);
    const weight = (hasSecond ? data[1] : data[0]) as number;
    const label = weight > (isProbability ? 0.5 : 0) ? 1 : 0;
    if (hasOneClass) labels.write(frame, row, label);
    else labels.writeLiteral(frame, row, label);
    if (hasSecond || baseCount === 2) writeBoth(form, row, scores);
    else writeOne(form, row, weight);
  };
}

function binaryBase(base: WeightRef, count: number): (frame: Frame, scores: Scores) => void {
  if (count === 0) return () => undefined;
  if (count === 1)
    return (frame, { data }) => {
      data[0] = (data[0] as number) + baseAt(frame, base, 0);
    };
  return (frame, { data, has }) => {
    const [first, second] = [data[0] as number, data[1] as number];
    if (has[1] === 1) {
      data[1] = baseAt(frame, base, 1) + first;
      data[0] = -data[1];
    } else {
      data[1] = second + baseAt(frame, base, 1);
      data[0] = first + baseAt(frame, base, 0);
    }
  };
}

function writeBoth({ y, transform }: ClassifierForm, row: number, { data, has }: Scores): void {
  const at = 2 * row;
  y.data[at] = has[0] === 1 ? (data[0] as number) : 0;
  y.data[at + 1] = has[1] === 1 ? (data[1] as number) : 0;
  transform?.(y.data, at, at + 2);
}

/** One score: the other class gets 1 less it where it is a probability, else its opposite. */
function writeOne({ y, isLogistic, hasOneClass, isPositive }: BinaryForm, row: number, weight: number): void {
  const at = 2 * row;
  const rest = hasOneClass && isPositive ? 1 - weight : -weight;
  y.data[at] = isLogistic ? logistic(-weight) : rest;
  y.data[at + 1] = isLogistic ? logistic(weight) : weight;
}
