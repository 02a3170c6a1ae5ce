import {
  ATTRIBUTE_TYPE,
  attributeOf,
  floatAttribute,
  intAttribute,
  newAttribute,
  stringAttribute,
  type ProtoAttribute,
  type ProtoNode,
  type ProtoValue,
} from '../skeleton/onnx-proto.js';
import type { Dtype } from '../skeleton/safetensors.js';
import type { Skeleton, WeightSpec } from '../skeleton/skeleton.js';
import { dataTypeOf } from '../skeleton/tensor-bytes.js';
import { unsplittable } from '../skeleton/unsplittable.js';
import { writeOnnxProto } from '../skeleton/write-onnx-proto.js';
import { isFeedable } from './feed-views.js';

/** A weight as a graph input. */
export interface Feed {
  readonly name: string;
  /** Its number in the skeleton. */
  readonly index: number;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly count: number;
}

export interface LoweredSkeleton {
  /** An ONNX file. */
  readonly bytes: Uint8Array;
  readonly feeds: readonly Feed[];
  /** `domain:operator`, the default domain as `ai.onnx`. */
  readonly operators: readonly string[];
}

/** Needed by what classical operators become: Where, IsNaN, Gemm without a bias. */
const MIN_OPSET = 13;

/**
 * A skeleton as a file for ONNX Runtime whose weights are inputs. Classical operators become plain ones where that is exact: Scaler, Imputer, LinearRegressor, LinearClassifier.
 * @throws {Unsplittable} for those that have weights and no plain form.
 */
export function lowerSkeleton(skeleton: Skeleton): LoweredSkeleton {
  const lowering = new Lowering(skeleton);
  const nodes = skeleton.graph.nodes.flatMap((node) => lowering.node(node));
  const feeds = lowering.feeds(nodes);
  const inputs = [...skeleton.graph.inputs, ...feeds.map(valueOf)];
  const opsets = new Map(skeleton.model.opsets.map(({ domain, version }) => [domain, version]));
  if (lowering.isChanged) opsets.set('', opsets.get('') ?? MIN_OPSET);
  if (lowering.isChanged && (opsets.get('') ?? 0) < MIN_OPSET) unsplittable(`operator set ${opsets.get('')}`);
  const bytes = writeOnnxProto({
    ...skeleton.model,
    opsets: [...opsets].map(([domain, version]) => ({ domain, version })),
    graph: { ...skeleton.graph, nodes, inputs },
    metadata: [],
  });
  const operators = nodes.map(({ domain, opType }) => `${domain === '' ? 'ai.onnx' : domain}:${opType}`);
  return { bytes, feeds, operators: [...new Set(operators)] };
}

function valueOf({ name, dtype, shape }: Feed): ProtoValue {
  return { name, elementType: dataTypeOf(dtype), shape: [...shape] };
}

class Lowering {
  isChanged = false;
  private count = 0;
  private readonly specs: ReadonlyMap<string, { readonly spec: WeightSpec; readonly index: number }>;
  private readonly shapes = new Map<string, readonly number[]>();

  constructor(skeleton: Skeleton) {
    this.specs = new Map(skeleton.weights.map((spec, index) => [spec.name, { spec, index }]));
  }

  node(node: ProtoNode): ProtoNode[] {
    if (node.attributes.every(({ reference }) => reference === '')) return [node];
    this.isChanged = true;
    switch (node.opType) {
      case 'Scaler':
        return this.scaler(node);
      case 'Imputer':
        return this.imputer(node);
      case 'LinearRegressor':
        return this.linearRegressor(node);
      case 'LinearClassifier':
        return this.linearClassifier(node);
      default:
        return unsplittable(`${node.opType} keeps its weights in attributes`);
    }
  }

  /** Every weight that the nodes name. */
  feeds(nodes: readonly ProtoNode[]): Feed[] {
    return [...new Set(nodes.flatMap((node) => node.inputs))].flatMap((name) => {
      if (this.specs.has(`${name}.ends`)) unsplittable('strings among the weights');
      const found = this.specs.get(name);
      if (found === undefined) return [];
      const { spec, index } = found;
      const shape = this.shapes.get(name) ?? spec.shape;
      if (!isFeedable(spec.dtype) || shape.includes(-1)) unsplittable(`weights of type ${spec.dtype} are not fed`);
      return [{ name, index, dtype: spec.dtype, shape, count: shape.reduce((product, size) => product * size, 1) }];
    });
  }

  private temporary(): string {
    this.count += 1;
    return `${[...this.specs.keys()][0] ?? '_'}.${this.count}`;
  }

  private weight(node: ProtoNode, name: string): string {
    return attributeOf(node, name)?.reference ?? unsplittable(`${node.opType} without ${name}`);
  }

  private sizeOf(name: string): number {
    return this.specs.get(name)?.spec.shape[0] ?? 0;
  }

  private scaler(node: ProtoNode): ProtoNode[] {
    const centred = this.temporary();
    return [
      plain('Sub', [node.inputs[0] ?? '', this.weight(node, 'offset')], [centred]),
      plain('Mul', [centred, this.weight(node, 'scale')], node.outputs),
    ];
  }

  private imputer(node: ProtoNode): ProtoNode[] {
    if (!Number.isNaN(floatAttribute(node, 'replaced_value_float', 0)))
      unsplittable('Imputer of another value than NaN');
    const missing = this.temporary();
    const [x = ''] = node.inputs;
    return [
      plain('IsNaN', [x], [missing]),
      plain('Where', [missing, this.weight(node, 'imputed_value_floats'), x], node.outputs),
    ];
  }

  /** The runtime's own operators call the same matrix product. */
  private product(node: ProtoNode, columns: number, output: string): ProtoNode {
    const coefficients = this.weight(node, 'coefficients');
    this.shapes.set(coefficients, [columns, this.sizeOf(coefficients) / columns]);
    const intercepts = attributeOf(node, 'intercepts')?.reference ?? '';
    const hasBias = intercepts !== '' && this.sizeOf(intercepts) === columns;
    const inputs = [node.inputs[0] ?? '', coefficients, ...(hasBias ? [intercepts] : [])];
    return plain('Gemm', inputs, [output], [int('transB', 1)]);
  }

  private linearRegressor(node: ProtoNode): ProtoNode[] {
    if (stringAttribute(node, 'post_transform', 'NONE') !== 'NONE') unsplittable('a regressor with a post_transform');
    return [this.product(node, intAttribute(node, 'targets', 1), node.outputs[0] ?? '')];
  }

  private linearClassifier(node: ProtoNode): ProtoNode[] {
    const columns = this.sizeOf(this.weight(node, 'intercepts'));
    if (columns < 2) unsplittable('a classifier of one score');
    const labels = this.weight(node, 'classlabels_ints');
    const transform = { NONE: 'Identity', LOGISTIC: 'Sigmoid', SOFTMAX: 'Softmax' }[
      stringAttribute(node, 'post_transform', 'NONE')
    ];
    if (transform === undefined) unsplittable('a post_transform without a plain form');
    const [scores, best] = [this.temporary(), this.temporary()];
    const [label = '', probabilities = ''] = node.outputs;
    const picks =
      label === ''
        ? []
        : [
            plain('ArgMax', [scores], [best], [int('axis', 1), int('keepdims', 0)]),
            plain('Gather', [labels, best], [label], [int('axis', 0)]),
          ];
    const isTransformed = probabilities !== '';
    return [
      this.product(node, columns, scores),
      ...picks,
      ...(isTransformed
        ? [plain(transform, [scores], [probabilities], transform === 'Softmax' ? [int('axis', 1)] : [])]
        : []),
    ];
  }
}

function int(name: string, value: number): ProtoAttribute {
  return { ...newAttribute(name, ATTRIBUTE_TYPE.INT), int: value };
}

function plain(opType: string, inputs: string[], outputs: string[], attributes: ProtoAttribute[] = []): ProtoNode {
  return { opType, domain: '', inputs, outputs, attributes };
}
