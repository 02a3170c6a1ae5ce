import type { Dtype, WeightTensor } from './safetensors.js';
import type { Leaf, Split, TreeNode } from './parse-trees.js';
import { unsplittable } from './unsplittable.js';

/**
 * Trees as tables
 *
 * `complete`, all trees padded to one depth d; the children of node i are 2i + 1 (yes) and 2i + 2 (no), so no links are kept:
 *   keys I32 [trees, 2^d − 1] · words U16 [trees, 2^d − 1] · leaves F32 [trees, 2^d × width]
 * `linked`, for trees of uneven depth; nodes lie level by level, `no` follows `yes`, and `links` says where in its tree `yes` lies, 0 for a leaf:
 *   keys I32 [nodes] (of a leaf: the bits of its value, or its number where width > 1) · words U16 [nodes] · links U16 [nodes] · roots I32 [trees] ·
 *   leaves F32 [leaves × width] (empty where width is 1)
 * A key is its threshold as an integer of the same order, see {@link keyOf}: then a test needs no branch. A word is 2 × feature, + 1 where NaN goes to `yes`; its highest bit
 * says that the test is `=`. `single`: all trees add to the same target. `by-tree`: each to its own, tree_targets U16 [trees]. `dense`: a leaf has a value for each, width = targets.
 */
export const IS_EQUAL = 0x8000;
export const MAX_FEATURE = 0x3fff;
/** Below the key of every number: what no value is at most, and where NaN lies if it goes to `yes`. */
export const LOWEST_KEY = -0x80000000;

const bits = new Int32Array(1);
const single = new Float32Array(bits.buffer);

/** Float as integer: a ≤ b exactly where keyOf(a) ≤ keyOf(b), for numbers and infinities; −0 is 0. */
export function keyOf(value: number): number {
  if (Number.isNaN(value)) return LOWEST_KEY;
  single[0] = value === 0 ? 0 : value;
  const pattern = bits[0] ?? 0;
  return pattern ^ ((pattern >> 31) & 0x7fffffff);
}

/** The float of a key. */
export function valueOf(key: number): number {
  if (key === LOWEST_KEY) return NaN;
  bits[0] = key ^ ((key >> 31) & 0x7fffffff);
  return single[0] ?? 0;
}

/** A float's bits as an integer, and back. */
export function bitsOf(value: number): number {
  single[0] = value;
  return bits[0] ?? 0;
}

export function floatOf(pattern: number): number {
  bits[0] = pattern;
  return single[0] ?? 0;
}

export type TreeLayout = 'complete' | 'linked';
export type LeafKind = 'single' | 'by-tree' | 'dense';

export interface TreeTables {
  readonly layout: TreeLayout;
  readonly leafKind: LeafKind;
  /** Of `single`: the target that all trees add to. */
  readonly target: number;
  readonly tables: Readonly<Record<string, Omit<WeightTensor, 'name'>>>;
}

const MAX_COMPLETE_DEPTH = 10;
/** Padding may take so much more than links before links are taken. */
const MAX_PADDING = 1.6;
const MAX_TREE_NODES = 65_535;

/** @throws {Unsplittable} for leaves that have no regular form. */
export function tabulateTrees(trees: readonly TreeNode[], targets: number): TreeTables {
  const sizes = trees.map((tree) => sizeOf(tree));
  const { leafKind, target } = leafKindOf(trees, targets);
  const width = leafKind === 'dense' ? targets : 1;
  const depth = Math.max(1, ...sizes.map((size) => size.depth));
  const nodes = sizes.reduce((sum, size) => sum + size.nodes, 0);
  const leaves = sizes.reduce((sum, size) => sum + size.leaves, 0);
  if (sizes.some((size) => size.maxFeature > MAX_FEATURE)) unsplittable(`trees of more than ${MAX_FEATURE} features`);
  const completeBytes = trees.length * ((2 ** depth - 1) * 6 + 2 ** depth * width * 4);
  const linkedBytes = nodes * 8 + (width > 1 ? leaves * width * 4 : 0) + trees.length * 4;
  const isComplete =
    depth <= MAX_COMPLETE_DEPTH && completeBytes <= MAX_PADDING * linkedBytes && !sizes.some((size) => size.hasEqual);
  const tables = isComplete ? completeTables(trees, depth, width) : linkedTables(trees, nodes, width);
  if (leafKind === 'by-tree')
    tables['tree_targets'] = table(
      'U16',
      [trees.length],
      Uint16Array.from(trees, (tree) => targetOf(firstLeaf(tree))),
    );
  return {
    layout: isComplete ? 'complete' : 'linked',
    leafKind,
    target,
    tables,
  };
}

type Tables = Record<string, Omit<WeightTensor, 'name'>>;

function table(
  dtype: Dtype,
  shape: number[],
  data: Float32Array | Uint16Array | Int32Array,
): Omit<WeightTensor, 'name'> {
  return { dtype, shape, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

interface TreeSize {
  readonly nodes: number;
  readonly leaves: number;
  readonly depth: number;
  readonly maxFeature: number;
  readonly hasEqual: boolean;
}

function sizeOf(node: TreeNode): TreeSize {
  if (node.isLeaf) return { nodes: 1, leaves: 1, depth: 0, maxFeature: 0, hasEqual: false };
  const [yes, no] = [sizeOf(node.yes), sizeOf(node.no)];
  return {
    nodes: yes.nodes + no.nodes + 1,
    leaves: yes.leaves + no.leaves,
    depth: Math.max(yes.depth, no.depth) + 1,
    maxFeature: Math.max(yes.maxFeature, no.maxFeature, node.feature),
    hasEqual: yes.hasEqual || no.hasEqual || node.isEqual,
  };
}

function* leavesOf(node: TreeNode): Generator<Leaf> {
  if (node.isLeaf) yield node;
  else {
    yield* leavesOf(node.yes);
    yield* leavesOf(node.no);
  }
}

function firstLeaf(node: TreeNode): Leaf {
  let at = node;
  while (!at.isLeaf) at = at.yes;
  return at;
}

const targetOf = (leaf: Leaf): number => leaf.weights[0]?.target ?? 0;

function leafKindOf(trees: readonly TreeNode[], targets: number): { leafKind: LeafKind; target: number } {
  const leaves = trees.map((tree) => [...leavesOf(tree)]);
  const all = leaves.flat();
  if (all.some(({ weights }) => weights.some(({ target }) => target < 0 || target >= targets)))
    unsplittable('a target out of range');
  if (all.every(({ weights }) => weights.length === 1)) {
    const ofTrees = leaves.map((list) => new Set(list.map(targetOf)));
    const ofAll = new Set(all.map(targetOf));
    if (ofAll.size <= 1) return { leafKind: 'single', target: [...ofAll][0] ?? 0 };
    if (ofTrees.every((set) => set.size === 1)) return { leafKind: 'by-tree', target: 0 };
  }
  const isDense = ({ weights }: Leaf): boolean =>
    weights.length === targets && new Set(weights.map(({ target }) => target)).size === targets;
  if (targets > 1 && all.every(isDense)) return { leafKind: 'dense', target: 0 };
  return unsplittable('leaves that add to some targets and not to others');
}

/** A leaf's values by target; one value where the leaf adds to one target. */
function leafValues(leaf: Leaf, width: number): number[] {
  if (width === 1) return [leaf.weights[0]?.value ?? 0];
  const values = new Array<number>(width).fill(0);
  for (const { target, value } of leaf.weights) values[target] = value;
  return values;
}

function wordOf(split: Split): number {
  return (2 * split.feature + (split.nanGoesYes ? 1 : 0)) | (split.isEqual ? IS_EQUAL : 0);
}

function completeTables(trees: readonly TreeNode[], depth: number, width: number): Tables {
  const [inner, outer] = [2 ** depth - 1, 2 ** depth];
  const keys = new Int32Array(trees.length * inner);
  const words = new Uint16Array(trees.length * inner);
  const leaves = new Float32Array(trees.length * outer * width);
  const place = (node: TreeNode, tree: number, i: number): void => {
    if (i >= inner) {
      if (node.isLeaf) leaves.set(leafValues(node, width), (tree * outer + i - inner) * width);
      return;
    }
    if (!node.isLeaf) {
      keys[tree * inner + i] = keyOf(node.threshold);
      words[tree * inner + i] = wordOf(node);
    }
    // below a leaf that comes early, both ways lead to its value
    place(node.isLeaf ? node : node.yes, tree, 2 * i + 1);
    place(node.isLeaf ? node : node.no, tree, 2 * i + 2);
  };
  for (const [tree, root] of trees.entries()) place(root, tree, 0);
  return {
    keys: table('I32', [trees.length, inner], keys),
    words: table('U16', [trees.length, inner], words),
    leaves: table('F32', [trees.length, outer * width], leaves),
  };
}

function linkedTables(trees: readonly TreeNode[], nodes: number, width: number): Tables {
  const keys = new Int32Array(nodes);
  const words = new Uint16Array(nodes);
  const links = new Uint16Array(nodes);
  const roots = new Int32Array(trees.length);
  const leaves: number[] = [];
  let start = 0;
  for (const [tree, root] of trees.entries()) {
    roots[tree] = start;
    const queue: TreeNode[] = [root];
    for (let i = 0; i < queue.length; i += 1) {
      const node = queue[i] as TreeNode;
      if (node.isLeaf) {
        const values = leafValues(node, width);
        keys[start + i] = width === 1 ? bitsOf(values[0] ?? 0) : leaves.length / width;
        if (width > 1) leaves.push(...values);
        continue;
      }
      keys[start + i] = keyOf(node.threshold);
      words[start + i] = wordOf(node);
      links[start + i] = queue.length;
      queue.push(node.yes, node.no);
      if (queue.length > MAX_TREE_NODES) unsplittable(`a tree of more than ${MAX_TREE_NODES} nodes`);
    }
    start += queue.length;
  }
  return {
    keys: table('I32', [nodes], keys),
    words: table('U16', [nodes], words),
    links: table('U16', [nodes], links),
    roots: table('I32', [trees.length], roots),
    leaves: table('F32', [leaves.length], Float32Array.from(leaves)),
  };
}
