import {
  ATTRIBUTE_TYPE,
  newAttribute,
  type ProtoAttribute,
  type ProtoNode,
  type ProtoTensor,
  type ProtoValue,
} from '../src/skeleton/onnx-proto.js';
import { rawTensor } from '../src/skeleton/tensor-bytes.js';
import { writeOnnxProto } from '../src/skeleton/write-onnx-proto.js';

export const FLOAT = 1;
export const INT64 = 7;
export const TEXT = 8;

type AttributeValue =
  | number
  | string
  | readonly number[]
  | readonly string[]
  | { readonly float: number }
  | { readonly floats: readonly number[] };

/** Numbers are INT, lists of numbers INTS, unless wrapped in `float` or `floats`. */
function attribute(name: string, value: AttributeValue): ProtoAttribute {
  const of = (type: number, more: Partial<ProtoAttribute>): ProtoAttribute => ({
    ...newAttribute(name, type),
    ...more,
  });
  if (typeof value === 'number') return of(ATTRIBUTE_TYPE.INT, { int: value });
  if (typeof value === 'string') return of(ATTRIBUTE_TYPE.STRING, { string: Buffer.from(value) });
  if ('float' in value) return of(ATTRIBUTE_TYPE.FLOAT, { float: value.float });
  if ('floats' in value) return of(ATTRIBUTE_TYPE.FLOATS, { floats: [...value.floats] });
  if (typeof value[0] === 'string')
    return of(ATTRIBUTE_TYPE.STRINGS, { strings: value.map((text) => Buffer.from(String(text))) });
  return of(ATTRIBUTE_TYPE.INTS, { ints: value.map(Number) });
}

export function classical(
  opType: string,
  [inputs, outputs]: readonly [string[], string[]],
  attributes: Readonly<Record<string, AttributeValue>>,
  domain = 'ai.onnx.ml',
): ProtoNode {
  return {
    opType,
    domain,
    inputs,
    outputs,
    attributes: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
  };
}

export function plain(
  opType: string,
  ends: readonly [string[], string[]],
  attributes: Readonly<Record<string, AttributeValue>> = {},
): ProtoNode {
  return classical(opType, ends, attributes, '');
}

export function floatTensor(name: string, dims: readonly number[], values: readonly number[]): ProtoTensor {
  return rawTensor(name, 'F32', dims, new Uint8Array(Float32Array.from(values).buffer));
}

export function intTensor(name: string, dims: readonly number[], values: readonly number[]): ProtoTensor {
  return rawTensor(name, 'I64', dims, new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer));
}

export function valueInfo(name: string, width: number | undefined, elementType = FLOAT): ProtoValue {
  return { name, elementType, shape: width === undefined ? [-1] : [-1, width] };
}

export interface ModelForm {
  readonly inputs: readonly ProtoValue[];
  readonly outputs: readonly ProtoValue[];
  readonly initializers?: readonly ProtoTensor[];
}

export function modelFile(nodes: readonly ProtoNode[], { inputs, outputs, initializers = [] }: ModelForm): Uint8Array {
  return writeOnnxProto({
    irVersion: 8,
    opsets: [
      { domain: '', version: 17 },
      { domain: 'ai.onnx.ml', version: 3 },
    ],
    graph: { nodes: [...nodes], initializers: [...initializers], inputs: [...inputs], outputs: [...outputs] },
    metadata: [],
  });
}

export interface TreeForm {
  readonly kind: 'class' | 'target';
  /** A tree's nodes, the root first. Leaves have weights by target. */
  readonly trees: readonly (readonly TreeItem[])[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly features: number;
  /** Columns of the scores. */
  readonly width: number;
}

export type TreeItem =
  | {
      readonly mode: string;
      readonly feature: number;
      readonly threshold: number;
      readonly yes: number;
      readonly no: number;
      readonly missing: number;
    }
  | { readonly weights: readonly (readonly [target: number, value: number])[] };

/** A model of one TreeEnsemble operator. */
export function treeModel({ kind, trees, attributes, features, width }: TreeForm): Uint8Array {
  const all = trees.flatMap((items, tree) => items.map((item, id) => ({ item, tree, id })));
  const number = (pick: (item: Exclude<TreeItem, { weights: unknown }>) => number): number[] =>
    all.map(({ item }) => ('weights' in item ? 0 : pick(item)));
  const weights = all.flatMap(({ item, tree, id }) =>
    'weights' in item ? item.weights.map(([target, value]) => ({ tree, id, target, value })) : [],
  );
  const outputs = kind === 'class' ? ['label', 'scores'] : ['scores'];
  const node = classical(kind === 'class' ? 'TreeEnsembleClassifier' : 'TreeEnsembleRegressor', [['x'], outputs], {
    nodes_treeids: all.map(({ tree }) => tree),
    nodes_nodeids: all.map(({ id }) => id),
    nodes_featureids: number((item) => item.feature),
    nodes_modes: all.map(({ item }) => ('weights' in item ? 'LEAF' : item.mode)),
    nodes_values: { floats: number((item) => item.threshold) },
    nodes_truenodeids: number((item) => item.yes),
    nodes_falsenodeids: number((item) => item.no),
    nodes_missing_value_tracks_true: number((item) => item.missing),
    [`${kind}_treeids`]: weights.map(({ tree }) => tree),
    [`${kind}_nodeids`]: weights.map(({ id }) => id),
    [`${kind}_ids`]: weights.map(({ target }) => target),
    [`${kind}_weights`]: { floats: weights.map(({ value }) => value) },
    ...attributes,
  });
  const scores = valueInfo('scores', width);
  return modelFile([node], {
    inputs: [valueInfo('x', features)],
    outputs:
      kind === 'class'
        ? [valueInfo('label', undefined, 'classlabels_strings' in attributes ? TEXT : INT64), scores]
        : [scores],
  });
}
