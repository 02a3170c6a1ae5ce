import { attributeOf, stringAttribute, type ProtoNode } from '../skeleton/onnx-proto.js';
import type { Skeleton, WeightSpec } from '../skeleton/skeleton.js';
import { layoutOf } from './weight-record.js';

/** A skeleton whose records may say all in half. */
export interface Mirrored {
  /** The same with one score: what its kernel gives for half a record, the whole one's gives bit for bit for the whole. */
  readonly skeleton: Skeleton;
  /** Half of a record; undefined where that does not say all. */
  halve(record: Uint8Array): Uint8Array | undefined;
}

/** Of a record, in words of four bytes. */
interface Piece {
  readonly start: number;
  readonly end: number;
  /** Of which the second half says all. */
  readonly isHalved: boolean;
}

const WORD_BYTES = 4;
/** Of a float of four bytes. */
const SIGN = 0x80000000 | 0;

/**
 * Logistic regression of two classes, as converters write it: a score for each class, the first class's weights those of the second with the other sign. Sums of such terms differ in nothing but their sign,
 * so one score says both: half the memory, and half the work of a run.
 * @returns undefined for a skeleton of another kind
 */
export function mirroredOf(skeleton: Skeleton): Mirrored | undefined {
  const halved = halvedWeights(skeleton);
  if (halved === undefined) return undefined;
  const { isFixed, offsets, sizeBytes } = layoutOf(skeleton.weights);
  const ends = [...offsets, sizeBytes].map((end) => end / WORD_BYTES);
  if (!isFixed || !ends.every(Number.isInteger)) return undefined;
  const weights = skeleton.weights.map((spec) => (halved.has(spec.name) ? halfOf(spec) : spec));
  const pieces = skeleton.weights.map(({ name }, i) => ({
    start: ends[i] as number,
    end: ends[i + 1] as number,
    isHalved: halved.has(name),
  }));
  return { skeleton: { ...skeleton, weights }, halve: (record) => halve(record, pieces) };
}

function halvedWeights({ graph, weights }: Skeleton): ReadonlySet<string> | undefined {
  const classifiers = graph.nodes.filter(({ opType }) => opType === 'LinearClassifier');
  const [node] = classifiers;
  if (node === undefined || classifiers.length > 1 || stringAttribute(node, 'post_transform', 'NONE') !== 'LOGISTIC')
    return undefined;
  const [coefficients, intercepts] = [weightOf(node, 'coefficients', weights), weightOf(node, 'intercepts', weights)];
  const isForTwo = intercepts?.shape[0] === 2 && (coefficients?.shape[0] ?? 1) % 2 === 0;
  return isForTwo && coefficients ? new Set([coefficients.name, intercepts.name]) : undefined;
}

function weightOf(node: ProtoNode, attribute: string, weights: readonly WeightSpec[]): WeightSpec | undefined {
  const name = attributeOf(node, attribute)?.reference;
  return weights.find((spec) => spec.name === name && spec.dtype === 'F32' && spec.shape.length === 1);
}

function halfOf({ shape, ...spec }: WeightSpec): WeightSpec {
  return { ...spec, shape: [(shape[0] as number) / 2] };
}

function halve(record: Uint8Array, pieces: readonly Piece[]): Uint8Array | undefined {
  const bytes = record.byteOffset % WORD_BYTES === 0 ? record : new Uint8Array(record);
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / WORD_BYTES);
  let size = words.length;
  for (const { start, end, isHalved } of pieces) {
    if (!isHalved) continue;
    if (!isMirror(words, start, (end - start) / 2)) return undefined;
    size -= (end - start) / 2;
  }
  const half = new Int32Array(size);
  let at = 0;
  for (const { start, end, isHalved } of pieces)
    for (let from = isHalved ? (start + end) / 2 : start; from < end; from += 1, at += 1)
      half[at] = words[from] as number;
  return new Uint8Array(half.buffer);
}

/** Whether the floats are those `length` further on with the other sign. */
function isMirror(words: Int32Array, start: number, length: number): boolean {
  for (let at = start; at < start + length; at += 1)
    if (((words[at] as number) ^ SIGN) !== words[at + length]) return false;
  return true;
}
