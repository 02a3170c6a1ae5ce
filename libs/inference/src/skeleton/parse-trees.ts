import { attributeOf, textOf, type ProtoNode } from './onnx-proto.js';
import { unsplittable } from './unsplittable.js';

/** A leaf's contributions: target (or class) id and weight. */
export interface Leaf {
  readonly isLeaf: true;
  readonly weights: readonly { readonly target: number; readonly value: number }[];
}

/**
 * A test of one feature, brought to one form: `x ≤ threshold` (`isEqual`: `x = threshold`) goes to `yes`, all else to `no`; NaN goes to `yes` where `nanGoesYes`.
 */
export interface Split {
  readonly isLeaf: false;
  readonly feature: number;
  readonly threshold: number;
  readonly isEqual: boolean;
  readonly nanGoesYes: boolean;
  readonly yes: TreeNode;
  readonly no: TreeNode;
}

export type TreeNode = Leaf | Split;

/** Deeper trees are not split. */
const MAX_DEPTH = 200;

interface RawNodes {
  readonly trees: readonly number[];
  readonly ids: readonly number[];
  readonly features: readonly number[];
  readonly modes: readonly string[];
  readonly values: readonly number[];
  readonly yes: readonly number[];
  readonly no: readonly number[];
  readonly missing: readonly number[];
}

type Weights = ReadonlyMap<string, readonly { readonly target: number; readonly value: number }[]>;

const ints = (node: ProtoNode, name: string): readonly number[] => attributeOf(node, name)?.ints ?? [];
const floats = (node: ProtoNode, name: string): readonly number[] => attributeOf(node, name)?.floats ?? [];

/**
 * The trees of a TreeEnsembleClassifier or -Regressor, in the order in which ONNX Runtime adds them up.
 * @throws {Unsplittable} for nodes reached twice, missing nodes, leaves without a weight, doubles.
 */
export function parseTrees(node: ProtoNode): TreeNode[] {
  for (const { name } of node.attributes)
    if (name.endsWith('_as_tensor')) unsplittable(`trees with ${name} are not split`);
  const nodes = rawNodes(node);
  const weights = rawWeights(node, node.opType === 'TreeEnsembleClassifier' ? 'class' : 'target');
  const index = new Map<string, number>();
  for (const [i, tree] of nodes.trees.entries()) {
    const key = `${tree}/${nodes.ids[i]}`;
    if (index.has(key)) unsplittable(`node ${key} is there twice`);
    index.set(key, i);
  }
  // a tree begins where the tree id changes
  const roots = nodes.trees.flatMap((tree, i) => (i === 0 || tree !== nodes.trees[i - 1] ? [i] : []));
  if (new Set(roots.map((i) => nodes.trees[i])).size !== roots.length)
    unsplittable('the nodes of a tree are scattered');
  const builder = new Builder(nodes, weights, index);
  const trees = roots.map((root) => builder.build(root, 0));
  if (builder.visited !== nodes.trees.length) unsplittable('nodes that no root reaches');
  return trees;
}

function rawNodes(node: ProtoNode): RawNodes {
  const nodes: RawNodes = {
    trees: ints(node, 'nodes_treeids'),
    ids: ints(node, 'nodes_nodeids'),
    features: ints(node, 'nodes_featureids'),
    modes: (attributeOf(node, 'nodes_modes')?.strings ?? []).map(textOf),
    values: floats(node, 'nodes_values'),
    yes: ints(node, 'nodes_truenodeids'),
    no: ints(node, 'nodes_falsenodeids'),
    missing: ints(node, 'nodes_missing_value_tracks_true'),
  };
  const { trees, ids, features, modes, values, yes, no, missing } = nodes;
  const lists = [ids, features, modes, values, yes, no, ...(missing.length > 0 ? [missing] : [])];
  if (lists.some((list) => list.length !== trees.length)) unsplittable('lists of nodes of unequal length');
  return nodes;
}

function rawWeights(node: ProtoNode, kind: 'class' | 'target'): Weights {
  const [trees, ids] = [ints(node, `${kind}_treeids`), ints(node, `${kind}_nodeids`)];
  const [targets, values] = [ints(node, `${kind}_ids`), floats(node, `${kind}_weights`)];
  if ([ids, targets, values].some((list) => list.length !== trees.length))
    unsplittable('lists of weights of unequal length');
  const weights = new Map<string, { target: number; value: number }[]>();
  for (const [i, tree] of trees.entries()) {
    const key = `${tree}/${ids[i]}`;
    const weight = { target: targets[i] ?? 0, value: values[i] ?? 0 };
    const list = weights.get(key);
    if (list === undefined) weights.set(key, [weight]);
    else list.push(weight);
  }
  return weights;
}

class Builder {
  visited = 0;
  private readonly seen = new Set<number>();

  constructor(
    private readonly nodes: RawNodes,
    private readonly weights: Weights,
    private readonly index: ReadonlyMap<string, number>,
  ) {}

  build(i: number, depth: number): TreeNode {
    if (this.seen.has(i)) unsplittable('a node with two parents');
    if (depth > MAX_DEPTH) unsplittable(`a tree deeper than ${MAX_DEPTH}`);
    this.seen.add(i);
    this.visited += 1;
    const { modes, trees, ids } = this.nodes;
    const mode = modes[i] ?? '';
    if (mode === 'LEAF') {
      const weights = this.weights.get(`${trees[i]}/${ids[i]}`);
      return { isLeaf: true, weights: weights ?? unsplittable('a leaf without a weight') };
    }
    const { yes, no, features, values, missing } = this.nodes;
    const feature = features[i] ?? 0;
    if (feature < 0) unsplittable(`feature ${feature}`);
    const at = (id: number | undefined): TreeNode =>
      this.build(this.index.get(`${trees[i]}/${id}`) ?? unsplittable('a child that is not there'), depth + 1);
    const test = { threshold: values[i] ?? 0, nanGoesYes: missing[i] === 1 };
    return oneForm(mode, feature, test, [at(yes[i]), at(no[i])]);
  }
}

const bits = new Int32Array(1);
const single = new Float32Array(bits.buffer);

/** The greatest float below `x`; NaN (which no value is at most) for −Infinity. */
export function nextBelow(x: number): number {
  if (x === -Infinity || Number.isNaN(x)) return NaN;
  single[0] = x === 0 ? -0 : x;
  const pattern = bits[0] ?? 0;
  bits[0] = pattern < 0 ? pattern + 1 : pattern - 1;
  return single[0];
}

/** Brings a test to `≤` or `=`. A test whose branches change places sends NaN the other way as well. */
function oneForm(
  mode: string,
  feature: number,
  { threshold, nanGoesYes }: { readonly threshold: number; readonly nanGoesYes: boolean },
  [yes, no]: readonly [TreeNode, TreeNode],
): Split {
  const same = { isLeaf: false, feature, threshold, isEqual: false, nanGoesYes, yes, no } as const;
  const swapped = { ...same, nanGoesYes: !nanGoesYes, yes: no, no: yes };
  // nothing is greater than NaN, so "not ≤" needs a threshold that everything is at most
  const orInfinity = (value: number): number => (Number.isNaN(threshold) ? Infinity : value);
  switch (mode) {
    case 'BRANCH_LEQ':
      return same;
    case 'BRANCH_LT':
      return { ...same, threshold: nextBelow(threshold) };
    case 'BRANCH_GT':
      return { ...swapped, threshold: orInfinity(threshold) };
    case 'BRANCH_GTE':
      return { ...swapped, threshold: orInfinity(nextBelow(threshold)) };
    case 'BRANCH_EQ':
      return { ...same, isEqual: true };
    case 'BRANCH_NEQ':
      // NaN is unequal to everything, tracked or not
      return { ...swapped, isEqual: true, nanGoesYes: false };
    default:
      return unsplittable(`a node of mode ${mode}`);
  }
}
