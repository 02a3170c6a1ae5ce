import { readWeights } from './check-weights.js';
import { joinTrees } from './join-trees.js';
import { ATTRIBUTE_TYPE, newTensor, type ProtoAttribute, type ProtoNode, type ProtoTensor } from './onnx-proto.js';
import type { WeightTensor } from './safetensors.js';
import type { Skeleton } from './skeleton.js';
import { unpoolStrings } from './string-pool.js';
import { rawTensor, STRING_TYPE, unpackNumbers } from './tensor-bytes.js';
import { writeOnnxProto } from './write-onnx-proto.js';

/** The weights of one model by name. */
export type WeightMap = ReadonlyMap<string, WeightTensor>;

/**
 * Puts a skeleton and a model's weights together again: an ONNX file that computes what the first one did. Trees come back in the form of their tables.
 * @throws {SafetensorsError} for weights that don't fit.
 */
export function joinModel(skeleton: Skeleton, blob: Uint8Array): Uint8Array {
  const weights = new Map(readWeights(skeleton, blob).map((tensor) => [tensor.name, tensor]));
  const { graph } = skeleton;
  const nodes = graph.nodes.map((node) => joinNode(node, weights));
  const names = new Set(graph.nodes.flatMap((node) => node.inputs));
  const lifted = [...names].flatMap((name) => liftedInitializer(name, weights));
  return writeOnnxProto({
    ...skeleton.model,
    graph: { ...graph, nodes, initializers: [...graph.initializers, ...lifted] },
    metadata: [],
  });
}

function liftedInitializer(name: string, weights: WeightMap): ProtoTensor[] {
  const tensor = weights.get(name);
  if (tensor !== undefined) return [rawTensor(name, tensor.dtype, tensor.shape, tensor.bytes)];
  if (!weights.has(`${name}.ends`)) return [];
  const strings = unpoolStrings(name, weights).map((text) => Buffer.from(text));
  return [{ ...newTensor(name, STRING_TYPE, [strings.length]), strings }];
}

function joinNode(node: ProtoNode, weights: WeightMap): ProtoNode {
  const isTrees = node.domain === 'ai.onnx.ml' && node.opType.startsWith('TreeEnsemble');
  const whole = isTrees ? joinTrees(node, weights) : node;
  return { ...whole, attributes: whole.attributes.map((attribute) => joinAttribute(attribute, weights)) };
}

function joinAttribute(attribute: ProtoAttribute, weights: WeightMap): ProtoAttribute {
  const { reference, type } = attribute;
  if (reference === '') return attribute;
  const joined = { ...attribute, reference: '' };
  if (type === ATTRIBUTE_TYPE.STRINGS)
    return { ...joined, strings: unpoolStrings(reference, weights).map((text) => Buffer.from(text)) };
  const tensor = weights.get(reference);
  const numbers = tensor === undefined ? [] : unpackNumbers(tensor.dtype, tensor.bytes);
  return type === ATTRIBUTE_TYPE.FLOATS ? { ...joined, floats: numbers } : { ...joined, ints: numbers };
}
