import {
  ATTRIBUTE_TYPE,
  attributeOf,
  intAttribute,
  newAttribute,
  type ProtoAttribute,
  type ProtoNode,
} from './onnx-proto.js';
import { FREE_LENGTH, LIFTED_ATTRIBUTES } from './lift-rules.js';
import { parseTrees } from './parse-trees.js';
import type { Lifted } from './split-model.js';
import { packNumbers } from './tensor-bytes.js';
import { tabulateTrees } from './tree-tables.js';
import { unsplittable } from './unsplittable.js';

const { FLOATS, INTS, STRINGS, TENSOR } = ATTRIBUTE_TYPE;

/**
 * Takes what was learned out of a node's attributes and leaves references.
 * @throws {Unsplittable} for classical operators without a rule, and for attributes that may hold weights and have none.
 */
export function liftAttributes(node: ProtoNode, lifted: Lifted): void {
  const liftable = node.domain === 'ai.onnx.ml' ? LIFTED_ATTRIBUTES[node.opType] : [];
  if (liftable === undefined) unsplittable(`operator ${node.opType} has weights that are not lifted`);
  if (node.domain === 'ai.onnx.ml' && node.opType.startsWith('TreeEnsemble')) liftTrees(node, lifted);
  for (const attribute of node.attributes) {
    if (liftable.includes(attribute.name)) lift(attribute, lifted, FREE_LENGTH.has(node.opType));
    else if (isSuspect(attribute)) unsplittable(`attribute '${attribute.name}' of ${node.opType} is not lifted`);
  }
}

/** Lists of floats or strings, and tensors, are learned more often than not. */
function isSuspect({ type, reference }: ProtoAttribute): boolean {
  return reference === '' && (type === FLOATS || type === STRINGS || type === TENSOR);
}

function lift(attribute: ProtoAttribute, lifted: Lifted, isFree: boolean): void {
  const name = lifted.nextName();
  const { floats, ints, strings } = attribute;
  if (attribute.type === FLOATS)
    lifted.add({ name, dtype: 'F32', shape: [floats.length], bytes: packNumbers('F32', floats) }, isFree);
  else if (attribute.type === INTS)
    lifted.add({ name, dtype: 'I64', shape: [ints.length], bytes: packNumbers('I64', ints) }, isFree);
  else if (attribute.type === STRINGS) lifted.addStrings(name, strings, isFree);
  else unsplittable(`attribute '${attribute.name}' of type ${attribute.type}`);
  attribute.reference = name;
  for (const list of [floats, ints, strings]) list.length = 0;
}

/** Classes are as many as there are labels. */
function targetsOf(node: ProtoNode): number {
  if (node.opType !== 'TreeEnsembleClassifier') return intAttribute(node, 'n_targets', 1);
  const integers = attributeOf(node, 'classlabels_int64s')?.ints.length ?? 0;
  return Math.max(integers, attributeOf(node, 'classlabels_strings')?.strings.length ?? 0);
}

/** Both decide how ONNX Runtime turns votes into a label. */
function votesOf(node: ProtoNode): Readonly<Record<string, number>> {
  const ids = new Set(attributeOf(node, 'class_ids')?.ints);
  const weights = attributeOf(node, 'class_weights')?.floats ?? [];
  return { one_class_id: ids.size === 1 ? 1 : 0, all_positive: weights.some((weight) => weight < 0) ? 0 : 1 };
}

/** Trees of any number and depth share a skeleton: it says only how their tables are laid out. */
function liftTrees(node: ProtoNode, lifted: Lifted): void {
  const targets = targetsOf(node);
  if (targets < 1 || targets > 0xffff) unsplittable(`${targets} targets`);
  const { layout, leafKind, target, tables } = tabulateTrees(parseTrees(node), targets);
  const numbers = { targets, target, ...votesOf(node) };
  node.attributes = node.attributes.filter(({ name }) => !/^(nodes|class|target)_/.test(name) && name !== 'n_targets');
  for (const [name, value] of Object.entries(numbers))
    node.attributes.push({ ...newAttribute(name, ATTRIBUTE_TYPE.INT), int: value });
  for (const [name, value] of Object.entries({ layout, leaf_kind: leafKind }))
    node.attributes.push({ ...newAttribute(name, ATTRIBUTE_TYPE.STRING), string: Buffer.from(value) });
  for (const [name, table] of Object.entries(tables)) {
    const weight = lifted.nextName();
    lifted.add({ name: weight, ...table }, true);
    node.attributes.push({ ...newAttribute(name, FLOATS), reference: weight });
  }
}
