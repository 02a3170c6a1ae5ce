import type { OnnxNode, OnnxTensor } from './onnx-model.js';
import { headValues } from './onnx-types.js';

/** The numbers in a tensor are, but for their sign, at most `factor` × Dᵈᵉᵍʳᵉᵉ, D the largest dimension of the request and the weights. */
export interface Bound {
  readonly factor: number;
  readonly degree: number;
  /** What they are at least, but for their sign. */
  readonly least: number;
  /** They are the same whatever is requested. */
  readonly isFixed: boolean;
}

type Inputs = readonly (Bound | undefined)[];
/** `isFixed` is filled in for all. */
type Rule = (inputs: Inputs, node: OnnxNode) => Omit<Bound, 'isFixed'> | undefined;

const UNIT = { factor: 1, degree: 0, least: 0 };

/** Numbers out of the first input, in other places. */
const first: Rule = ([bound]) => bound && { ...bound, least: 0 };
/** As {@link first}, after rounding. */
const rounded: Rule = ([bound]) => bound && { ...bound, factor: bound.factor + 1, least: 0 };
const joined: Rule = (bounds) => {
  const known = bounds.filter((bound) => bound !== undefined);
  if (known.length < bounds.length) return undefined;
  return {
    factor: Math.max(...known.map(({ factor }) => factor)),
    degree: Math.max(...known.map(({ degree }) => degree)),
    least: Math.min(...known.map(({ least }) => least)),
  };
};
const added: Rule = (bounds, node) => {
  const all = joined(bounds, node);
  return all && { ...all, factor: bounds.reduce((sum, bound) => sum + (bound?.factor ?? 0), 0), least: 0 };
};
const multiplied: Rule = ([one, other]) =>
  one && other && { factor: one.factor * other.factor, degree: one.degree + other.degree, least: 0 };
/** Dividing by what is at least 1 makes nothing larger. */
const divided: Rule = ([one, other]) => (one && other && other.least >= 1 ? { ...one, least: 0 } : undefined);
const filled: Rule = (_inputs, node) => {
  const tensor = node.attributes.find(({ name }) => name === 'value')?.tensor;
  return tensor === undefined ? UNIT : boundOfTensor(tensor);
};

const among = (names: string, rule: Rule): readonly (readonly [string, Rule])[] =>
  names.split(' ').map((name) => [name, rule]);

/** Operators by which exporters compute sizes; of what others give nothing is known. */
const RULES: ReadonlyMap<string, Rule> = new Map([
  ...among('Abs Expand Flatten Gather GatherElements GatherND Identity Neg Reshape Slice', first),
  ...among('Split Squeeze Tile Transpose Unsqueeze', first),
  ...among('Cast CastLike Ceil Floor Round', rounded),
  ...among('Concat Max Min Mod', joined),
  ...among('Add Range Sub Sum', added),
  ...among('And Equal Greater GreaterOrEqual IsInf IsNaN Less LessOrEqual Not Or Sign Xor', () => UNIT),
  ['Where', ([, one, other], node) => joined([one, other], node)],
  ['Mul', multiplied],
  ['Div', divided],
  ['ConstantOfShape', filled],
]);

/** A bound of the numbers that a node of the default domain gives. `growth`: how much larger than the request's and the weights' the dimensions of its first input may be. */
export function boundOfOutputs(node: OnnxNode, inputs: Inputs, growth: number | undefined): Bound | undefined {
  if (node.opType === 'Constant') return boundOfConstant(node);
  if (node.opType === 'Shape')
    return growth === undefined ? undefined : { factor: growth, degree: 1, least: 0, isFixed: false };
  const bound = RULES.get(node.opType)?.(inputs, node);
  return bound && { ...bound, isFixed: inputs.every((input) => input?.isFixed === true) };
}

/** None for what has other values than finite numbers, or so many that only the first are known. */
export function boundOfTensor(tensor: OnnxTensor): Bound | undefined {
  return boundOfNumbers(
    headValues(tensor),
    tensor.dims.reduce((product, size) => product * size, 1),
  );
}

function boundOfConstant(node: OnnxNode): Bound | undefined {
  const [attribute] = node.attributes;
  if (attribute === undefined) return undefined;
  if (attribute.tensor !== undefined) return boundOfTensor(attribute.tensor);
  if (attribute.int !== undefined) return boundOfNumbers([attribute.int], 1);
  const list = attribute.ints.count > 0 ? attribute.ints : attribute.floats;
  return list.count === 0 ? undefined : boundOfNumbers(list.head, list.count);
}

function boundOfNumbers(values: readonly number[] | undefined, count: number): Bound | undefined {
  if (values?.length !== count || !values.every(Number.isFinite)) return undefined;
  const magnitudes = values.map(Math.abs);
  return { factor: Math.max(0, ...magnitudes), degree: 0, least: Math.min(...magnitudes), isFixed: true };
}
