import type { OnnxAttribute, OnnxNode } from './onnx-model.js';

/** TensorProto.DataType of the integers whose division the processor traps. */
const [INT32, INT64] = [6, 7];
const [FLOAT, BOOL, INT8] = [1, 9, 3];

/** Element types of a node's outputs; `undefined` where nothing is known. */
type Types = readonly (number | undefined)[];
type Rule = (inputs: Types, node: OnnxNode) => Types;

const all =
  (type: number): Rule =>
  () => [type];
/** The type of one input, for all outputs. */
const as =
  (index: number): Rule =>
  (inputs) => [inputs[index]];
const attribute = (node: OnnxNode, name: string): OnnxAttribute | undefined =>
  node.attributes.find((each) => each.name === name);

function constantType(node: OnnxNode): number | undefined {
  const [value] = node.attributes;
  if (value?.tensor !== undefined) return value.tensor.dataType;
  if (value?.int !== undefined || (value?.ints.count ?? 0) > 0) return INT64;
  return value?.name.startsWith('value_float') === true ? FLOAT : undefined;
}

const among = (names: string, rule: Rule): readonly (readonly [string, Rule])[] =>
  names.split(' ').map((name) => [name, rule]);

/** Operators that may give another type than that of their first input. */
const RULES: ReadonlyMap<string, Rule> = new Map([
  ...among('ArgMax ArgMin Shape Size', all(INT64)),
  ...among('And Equal Greater GreaterOrEqual IsInf IsNaN Less LessOrEqual Not Or Xor', all(BOOL)),
  ...among('ConvInteger MatMulInteger', all(INT32)),
  ...among('DynamicQuantizeLinear QLinearConv QLinearMatMul QuantizeLinear', all(INT8)),
  ...among('CastLike DequantizeLinear Where', as(1)),
  ['OneHot', as(2)],
  ['Cast', (_inputs, node) => [attribute(node, 'to')?.int]],
  ['Constant', (_inputs, node) => [constantType(node)]],
  ['ConstantOfShape', (_inputs, node) => [attribute(node, 'value')?.tensor?.dataType ?? FLOAT]],
  ...among('MaxPool TopK', ([type]) => [type, INT64]),
  ['Dropout', ([type]) => [type, BOOL]],
]);

/** The classical operators that give, or may give, integers: labels come first. */
const ML_RULES: ReadonlyMap<string, Rule> = new Map([
  ...among('LinearClassifier SVMClassifier TreeEnsembleClassifier', () => [INT64, FLOAT]),
  ...among('ArrayFeatureExtractor Binarizer Imputer', as(0)),
  ...among('CastMap CategoryMapper LabelEncoder', () => [undefined]),
  ...among('FeatureVectorizer LinearRegressor Normalizer OneHotEncoder SVMRegressor Scaler', all(FLOAT)),
  ...among('TreeEnsemble TreeEnsembleRegressor', all(FLOAT)),
]);

const SAME: Rule = ([type]) => [type];

/** What a file's tensors are made of, as far as its operators say. */
export class ElementTypes {
  private readonly types: Map<string, number>;

  constructor(outer?: ElementTypes) {
    this.types = new Map(outer?.types);
  }

  set(name: string, type: number | undefined): void {
    if (type === undefined) this.types.delete(name);
    else this.types.set(name, type);
  }

  /** Whether it may be of integers that the processor divides: also when nothing is known. */
  mayBeInteger(name: string): boolean {
    const type = this.types.get(name);
    return type === undefined || type === INT32 || type === INT64;
  }

  /** Notes the types of an operator's outputs. */
  operator(node: OnnxNode): void {
    const rules = node.domain === 'ai.onnx.ml' ? ML_RULES : RULES;
    const rule = rules.get(node.opType) ?? (node.domain === 'ai.onnx.ml' ? () => [undefined] : SAME);
    const types = rule(
      node.inputs.map((name) => this.types.get(name)),
      node,
    );
    for (const [index, name] of node.outputs.entries()) this.set(name, types[Math.min(index, types.length - 1)]);
  }
}
