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

/** A tree operator with the lists that its tables stand for. */
export function joinTrees(node: ProtoNode, weights: WeightMap): ProtoNode {
  const table = (name: string): number[] => {
    const tensor = weights.get(attributeOf(node, name)?.reference ?? '');
    return tensor === undefined ? [] : unpackNumbers(tensor.dtype, tensor.bytes);
  };
  const [keys = [], words = [], links = [], roots = [], leaves = [], byTree = []] = TABLES.map(table);
  const leafKind = stringAttribute(node, 'leaf_kind', '');
  const targets = intAttribute(node, 'targets', 1);
  const width = leafKind === 'dense' ? targets : 1;
  const valuesOf = (tree: number, values: readonly number[]): { target: number; value: number }[] =>
    values.map((value, i) => {
      if (leafKind === 'dense') return { target: i, value };
      return { target: leafKind === 'by-tree' ? (byTree[tree] ?? 0) : intAttribute(node, 'target', 0), value };
    });
  const lists = new NodeLists();
  if (stringAttribute(node, 'layout', '') === 'linked') {
    for (const [tree, start] of roots.entries())
      for (let i = start; i < (roots[tree + 1] ?? keys.length); i += 1) {
        const [id, key] = [i - start, keys[i] ?? 0];
        if (links[i] !== 0) lists.split([tree, id], words[i] ?? 0, key, links[i] ?? 0);
        else
          lists.leaf(
            tree,
            id,
            valuesOf(tree, width === 1 ? [floatOf(key)] : leaves.slice(key * width, (key + 1) * width)),
          );
      }
  } else {
    const shape = weights.get(attributeOf(node, 'keys')?.reference ?? '')?.shape ?? [0, 0];
    const [trees = 0, inner = 0] = shape;
    for (let tree = 0; tree < trees; tree += 1) {
      for (let i = 0; i < inner; i += 1)
        lists.split([tree, i], words[tree * inner + i] ?? 0, keys[tree * inner + i] ?? 0, 2 * i + 1);
      for (let i = 0; i <= inner; i += 1) {
        const at = (tree * (inner + 1) + i) * width;
        lists.leaf(tree, inner + i, valuesOf(tree, leaves.slice(at, at + width)));
      }
    }
  }
  const kind = node.opType === 'TreeEnsembleClassifier' ? 'class' : 'target';
  const rest = node.attributes.filter(({ name }) => !FORM.includes(name) && !TABLES.includes(name));
  const targetCount = kind === 'target' ? [{ ...newAttribute('n_targets', ATTRIBUTE_TYPE.INT), int: targets }] : [];
  return { ...node, attributes: [...rest, ...targetCount, ...lists.attributes(kind)] };
}
