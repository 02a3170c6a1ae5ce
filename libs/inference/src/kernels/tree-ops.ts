import { intAttribute, stringAttribute, type ProtoNode } from '../skeleton/onnx-proto.js';
import { noKernel, type Compiler, type NodeCompiler, type WeightRef } from './compiler.js';
import type { Frame } from './frame.js';
import { labelWriter } from './labels.js';
import { postTransform } from './post-transforms.js';
import type { Floats } from './registers.js';
import { binaryFinish, classesFinish, regressorFinish, type Finish, type Scores } from './tree-finish.js';
import { rowKeys, walkComplete, walkLinked, type TreeRefs } from './tree-walk.js';

const f = Math.fround;

/** Adds what a tree's leaf says to a target's score; `scores.has` says whether there is one yet. */
type Aggregate = (scores: Scores, target: number, value: number) => void;

const AGGREGATES: Readonly<Record<string, Aggregate>> = {
  SUM: (scores, target, value) => {
    scores.data[target] = (scores.data[target] as number) + value;
    scores.has[target] = 1;
  },
  MIN: (scores, target, value) => {
    if (scores.has[target] === 0 || value < (scores.data[target] as number)) scores.data[target] = value;
    scores.has[target] = 1;
  },
  MAX: (scores, target, value) => {
    if (scores.has[target] === 0 || value > (scores.data[target] as number)) scores.data[target] = value;
    scores.has[target] = 1;
  },
};

interface Ensemble {
  readonly refs: TreeRefs;
  readonly isLinked: boolean;
  readonly leafKind: string;
  readonly targets: number;
  /** Of `single`. */
  readonly target: number;
  readonly treeTargets: WeightRef | undefined;
  readonly aggregate: string;
}

function ensembleOf(node: ProtoNode, compiler: Compiler): Ensemble {
  const isLinked = stringAttribute(node, 'layout', '') === 'linked';
  return {
    refs: {
      keys: compiler.neededWeight(node, 'keys'),
      words: compiler.neededWeight(node, 'words'),
      leaves: compiler.neededWeight(node, 'leaves'),
      links: isLinked ? compiler.neededWeight(node, 'links') : undefined,
      roots: isLinked ? compiler.neededWeight(node, 'roots') : undefined,
    },
    isLinked,
    leafKind: stringAttribute(node, 'leaf_kind', ''),
    targets: intAttribute(node, 'targets', 1),
    target: intAttribute(node, 'target', 0),
    treeTargets: compiler.attributeWeight(node, 'tree_targets'),
    aggregate: stringAttribute(node, 'aggregate_function', 'SUM'),
  };
}

/** Adds up the leaves of one row, tree by tree in their order and in single precision, as the runtime does on one thread. */
function aggregator(ensemble: Ensemble): (frame: Frame, found: Int32Array, trees: number, scores: Scores) => void {
  const { refs, isLinked, leafKind, targets, target, treeTargets } = ensemble;
  const isDense = leafKind === 'dense';
  const width = isDense ? targets : 1;
  const isSum = ensemble.aggregate === 'SUM' || ensemble.aggregate === 'AVERAGE';
  const add = AGGREGATES[isSum ? 'SUM' : ensemble.aggregate] ?? noKernel(`aggregate ${ensemble.aggregate}`);
  const offsetsOf = ({ at, size1 }: Frame): readonly [number, number] =>
    isLinked
      ? [(at[isDense ? refs.leaves.index : refs.keys.index] as number) >> 2, 0]
      : [(at[refs.leaves.index] as number) >> 2, size1[refs.leaves.index] as number];
  if (isSum && leafKind === 'single')
    return (frame, found, trees, { data, has }) => {
      const { f32 } = frame.memory;
      const [start, step] = offsetsOf(frame);
      let sum = 0;
      for (let tree = 0; tree < trees; tree += 1)
        sum = f(sum + (f32[start + tree * step + (found[tree] as number)] as number));
      data[target] = sum;
      has[target] = 1;
    };
  return (frame, found, trees, scores) => {
    const { f32, i32, u16 } = frame.memory;
    const [start, step] = offsetsOf(frame);
    const keys = (frame.at[refs.keys.index] as number) >> 2;
    const own = treeTargets === undefined ? -1 : (frame.at[treeTargets.index] as number) >> 1;
    for (let tree = 0; tree < trees; tree += 1) {
      const leaf = found[tree] as number;
      if (!isDense)
        add(scores, own < 0 ? target : (u16[own + tree] as number), f32[start + tree * step + leaf] as number);
      else {
        const values = start + (isLinked ? (i32[keys + leaf] as number) * width : tree * step + leaf * width);
        for (let i = 0; i < width; i += 1) add(scores, i, f32[values + i] as number);
      }
    }
  };
}

/** Scores each row and hands it to `finish`. */
function pushWalk(compiler: Compiler, x: Floats, ensemble: Ensemble, finish: Finish): void {
  const { refs, isLinked, targets } = ensemble;
  const row = new Int32Array(2 * x.width);
  const scores: Scores = { data: new Float32Array(targets), has: new Uint8Array(targets), trees: 0 };
  const aggregate = aggregator(ensemble);
  const walk = isLinked ? walkLinked : walkComplete;
  let found = new Int32Array(256);
  compiler.push((frame) => {
    const trees = frame.size0[isLinked ? (refs.roots?.index ?? 0) : refs.keys.index] as number;
    if (found.length < trees) found = new Int32Array(trees);
    scores.trees = trees;
    for (let i = 0; i < frame.rows; i += 1) {
      rowKeys(x.data, i * x.width, x.width, row);
      walk(refs, frame, row, found);
      scores.data.fill(0);
      scores.has.fill(0);
      aggregate(frame, found, trees, scores);
      finish(frame, i, scores);
    }
  });
}

const treeRegressor: NodeCompiler = (node, compiler) => {
  const x = compiler.floats(node);
  const ensemble = ensembleOf(node, compiler);
  const transform = stringAttribute(node, 'post_transform', 'NONE');
  const y = compiler.newFloats(node, [ensemble.targets]);
  const base = compiler.attributeWeight(node, 'base_values');
  pushWalk(compiler, x, ensemble, regressorFinish(y, base, ensemble.aggregate, transform));
};

const treeClassifier: NodeCompiler = (node, compiler) => {
  const x = compiler.floats(node);
  const ensemble = ensembleOf(node, compiler);
  const { targets } = ensemble;
  if (targets < 2) noKernel('a classifier of one class');
  const labels = labelWriter(node, compiler, 'classlabels_int64s');
  const y = compiler.newFloats(node, [targets], 1);
  const base = compiler.attributeWeight(node, 'base_values');
  const name = stringAttribute(node, 'post_transform', 'NONE');
  const form = { y, labels, base, transform: postTransform(name), isLogistic: name === 'LOGISTIC' };
  const hasOneClass = intAttribute(node, 'one_class_id', 0) === 1;
  if (targets === 2) {
    if (hasOneClass && name === 'PROBIT') noKernel('PROBIT of one score');
    const isPositive = intAttribute(node, 'all_positive', 0) === 1;
    pushWalk(compiler, x, ensemble, binaryFinish({ ...form, hasOneClass, isPositive }));
  } else pushWalk(compiler, x, ensemble, classesFinish(form));
};

export const TREE_OPS: Readonly<Record<string, NodeCompiler>> = {
  'ai.onnx.ml:TreeEnsembleRegressor': treeRegressor,
  'ai.onnx.ml:TreeEnsembleClassifier': treeClassifier,
};
