import type { WeightMap } from './join-model.js';
import {
  ATTRIBUTE_TYPE,
  attributeOf,
  intAttribute,
  newAttribute,
  stringAttribute,
  type ProtoAttribute,
  type ProtoNode,
} from './onnx-proto.js';
import { unpackNumbers } from './tensor-bytes.js';
import { floatOf, IS_EQUAL, valueOf } from './tree-tables.js';

const FORM = ['targets', 'target', 'one_class_id', 'all_positive', 'layout', 'leaf_kind'];
const TABLES = ['keys', 'words', 'links', 'roots', 'leaves', 'tree_targets'];

/** Lists as a TreeEnsemble operator has them. */
class NodeLists {
  readonly trees: number[] = [];
  readonly ids: number[] = [];
  readonly features: number[] = [];
  readonly modes: string[] = [];
  readonly values: number[] = [];
  readonly yes: number[] = [];
  readonly no: number[] = [];
  readonly missing: number[] = [];
  readonly weights = { trees: [] as number[], nodes: [] as number[], targets: [] as number[], values: [] as number[] };

  split([tree, id]: readonly [number, number], word: number, key: number, yes: number): void {
    this.push(tree, id, (word & IS_EQUAL) !== 0 ? 'BRANCH_EQ' : 'BRANCH_LEQ');
    this.features.push((word & ~IS_EQUAL) >> 1);
    this.values.push(valueOf(key));
    this.yes.push(yes);
    this.no.push(yes + 1);
    this.missing.push(word & 1);
  }

  leaf(tree: number, id: number, values: readonly { readonly target: number; readonly value: number }[]): void {
    this.push(tree, id, 'LEAF');
    for (const list of [this.features, this.values, this.yes, this.no, this.missing]) list.push(0);
    for (const { target, value } of values) {
      this.weights.trees.push(tree);
      this.weights.nodes.push(id);
      this.weights.targets.push(target);
      this.weights.values.push(value);
    }
  }

  private push(tree: number, id: number, mode: string): void {
    this.trees.push(tree);
    this.ids.push(id);
    this.modes.push(mode);
  }

  attributes(kind: 'class' | 'target'): ProtoAttribute[] {
    const ints = { nodes_treeids: this.trees, nodes_nodeids: this.ids, nodes_featureids: this.features };
    const links = {
      nodes_truenodeids: this.yes,
      nodes_falsenodeids: this.no,
      nodes_missing_value_tracks_true: this.missing,
    };
    const { trees, nodes, targets, values } = this.weights;
    const weights = { [`${kind}_treeids`]: trees, [`${kind}_nodeids`]: nodes, [`${kind}_ids`]: targets };
    const named = (list: Readonly<Record<string, number[]>>): ProtoAttribute[] =>
      Object.entries(list).map(([name, numbers]) => ({ ...newAttribute(name, ATTRIBUTE_TYPE.INTS), ints: numbers }));
    const modes = this.modes.map((mode) => Buffer.from(mode));
    return [
      ...named({ ...ints, ...links, ...weights }),
      { ...newAttribute('nodes_modes', ATTRIBUTE_TYPE.STRINGS), strings: modes },
      { ...newAttribute('nodes_values', ATTRIBUTE_TYPE.FLOATS), floats: this.values },
      { ...newAttribute(`${kind}_weights`, ATTRIBUTE_TYPE.FLOATS), floats: values },
    ];
  }
}

/** The tables of an ensemble as numbers. */
class Tables {
  private readonly leafKind: string;
  private readonly width: number;
  private readonly target: number;
  private readonly byTree: readonly number[];
  private readonly keys: readonly number[];
  private readonly words: readonly number[];
  private readonly leaves: readonly number[];

  constructor(
    private readonly node: ProtoNode,
    private readonly weights: WeightMap,
  ) {
    this.leafKind = stringAttribute(node, 'leaf_kind', '');
    this.width = this.leafKind === 'dense' ? intAttribute(node, 'targets', 1) : 1;
    this.target = intAttribute(node, 'target', 0);
    this.byTree = this.table('tree_targets');
    [this.keys, this.words, this.leaves] = [this.table('keys'), this.table('words'), this.table('leaves')];
  }

  private table(name: string): readonly number[] {
    const tensor = this.weights.get(attributeOf(this.node, name)?.reference ?? '');
    return tensor === undefined ? [] : unpackNumbers(tensor.dtype, tensor.bytes);
  }

  private valuesOf(tree: number, values: readonly number[]): { readonly target: number; readonly value: number }[] {
    const target = this.leafKind === 'by-tree' ? (this.byTree[tree] ?? 0) : this.target;
    return values.map((value, i) => ({ target: this.leafKind === 'dense' ? i : target, value }));
  }

  /** Numbers of the leaf whose values begin `count` leaves into the table. */
  private leafAt(count: number): readonly number[] {
    return this.leaves.slice(count * this.width, (count + 1) * this.width);
  }

  addComplete(lists: NodeLists): void {
    const [trees = 0, inner = 0] = this.weights.get(attributeOf(this.node, 'keys')?.reference ?? '')?.shape ?? [];
    for (let tree = 0; tree < trees; tree += 1) {
      const start = tree * inner;
      for (let i = 0; i < inner; i += 1)
        lists.split([tree, i], this.words[start + i] ?? 0, this.keys[start + i] ?? 0, 2 * i + 1);
      for (let i = 0; i <= inner; i += 1)
        lists.leaf(tree, inner + i, this.valuesOf(tree, this.leafAt(tree * (inner + 1) + i)));
    }
  }

  addLinked(lists: NodeLists): void {
    const [links, roots] = [this.table('links'), this.table('roots')];
    for (const [tree, start] of roots.entries())
      for (let i = start; i < (roots[tree + 1] ?? this.keys.length); i += 1) {
        const key = this.keys[i] ?? 0;
        const link = links[i] ?? 0;
        if (link !== 0) lists.split([tree, i - start], this.words[i] ?? 0, key, link);
        else lists.leaf(tree, i - start, this.valuesOf(tree, this.width === 1 ? [floatOf(key)] : this.leafAt(key)));
      }
  }
}

/** A tree operator with the lists that its tables stand for. */
export function joinTrees(node: ProtoNode, weights: WeightMap): ProtoNode {
  const lists = new NodeLists();
  const tables = new Tables(node, weights);
  if (stringAttribute(node, 'layout', '') === 'linked') tables.addLinked(lists);
  else tables.addComplete(lists);
  const isClassifier = node.opType === 'TreeEnsembleClassifier';
  const rest = node.attributes.filter(({ name }) => !FORM.includes(name) && !TABLES.includes(name));
  const targets = intAttribute(node, 'targets', 1);
  const count = isClassifier ? [] : [{ ...newAttribute('n_targets', ATTRIBUTE_TYPE.INT), int: targets }];
  return { ...node, attributes: [...rest, ...count, ...lists.attributes(isClassifier ? 'class' : 'target')] };
}
