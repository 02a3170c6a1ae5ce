// ONNX files of models that nobody trained, as converters write them: of a given size, with random weights.
import { newAttribute, newTensor } from '../../libs/inference/dist/skeleton/onnx-proto.js';
import { writeOnnxProto } from '../../libs/inference/dist/skeleton/write-onnx-proto.js';

const random = () => Math.random() * 2 - 1;
const list = (length, make = random) => Array.from({ length }, (_, i) => make(i));

const float = 1;
const int64 = 7;
const [INT, STRING, FLOATS, INTS, STRINGS] = [2, 3, 6, 7, 8];

const attribute = (name, type, field, value) => ({ ...newAttribute(name, type), [field]: value });
const ints = (name, values) => attribute(name, INTS, 'ints', values);
const floats = (name, values) => attribute(name, FLOATS, 'floats', values);
const text = (name, value) => attribute(name, STRING, 'string', Buffer.from(value));

function file(nodes, { features, outputs, initializers = [] }) {
  return writeOnnxProto({
    irVersion: 8,
    opsets: [
      { domain: '', version: 17 },
      { domain: 'ai.onnx.ml', version: 3 },
    ],
    graph: { nodes, initializers, inputs: [{ name: 'x', elementType: float, shape: [-1, features] }], outputs },
    metadata: [],
  });
}

const label = { name: 'label', elementType: int64, shape: [-1] };
const scores = (name, width) => ({ name, elementType: float, shape: [-1, width] });

/** Logistic regression of two classes, as skl2onnx writes it. */
export function logisticRegression(features) {
  const half = list(features);
  const node = {
    opType: 'LinearClassifier',
    domain: 'ai.onnx.ml',
    inputs: ['x'],
    outputs: ['label', 'probabilities'],
    attributes: [
      ints('classlabels_ints', [0, 1]),
      floats('coefficients', [...half.map((w) => -w), ...half]),
      floats('intercepts', [-0.1, 0.1]),
      attribute('multi_class', INT, 'int', 1),
      text('post_transform', 'LOGISTIC'),
    ],
  };
  return file([node], { features, outputs: [label, scores('probabilities', 2)] });
}

/** Trees all of whose leaves lie at one depth. */
export function boostedTrees(trees, depth, features) {
  const inner = 2 ** depth - 1;
  const nodes = 2 * inner + 1;
  const total = trees * nodes;
  const isLeaf = (i) => i % nodes >= inner;
  const at = list(total, (i) => i % nodes);
  const tree = list(total, (i) => Math.floor(i / nodes));
  const leaves = list(total, (i) => i).filter(isLeaf);
  const node = {
    opType: 'TreeEnsembleRegressor',
    domain: 'ai.onnx.ml',
    inputs: ['x'],
    outputs: ['y'],
    attributes: [
      ints('nodes_treeids', tree),
      ints('nodes_nodeids', at),
      ints(
        'nodes_featureids',
        list(total, (i) => (isLeaf(i) ? 0 : Math.floor(Math.random() * features))),
      ),
      attribute(
        'nodes_modes',
        STRINGS,
        'strings',
        list(total, (i) => Buffer.from(isLeaf(i) ? 'LEAF' : 'BRANCH_LEQ')),
      ),
      floats(
        'nodes_values',
        list(total, (i) => (isLeaf(i) ? 0 : random())),
      ),
      ints(
        'nodes_truenodeids',
        list(total, (i) => (isLeaf(i) ? 0 : 2 * at[i] + 1)),
      ),
      ints(
        'nodes_falsenodeids',
        list(total, (i) => (isLeaf(i) ? 0 : 2 * at[i] + 2)),
      ),
      ints(
        'target_treeids',
        leaves.map((i) => tree[i]),
      ),
      ints(
        'target_nodeids',
        leaves.map((i) => at[i]),
      ),
      ints(
        'target_ids',
        leaves.map(() => 0),
      ),
      floats('target_weights', leaves.map(random)),
      attribute('n_targets', INT, 'int', 1),
    ],
  };
  return file([node], { features, outputs: [scores('y', 1)] });
}

function weight(name, dims) {
  const values = Float32Array.from(
    list(
      dims.reduce((a, b) => a * b),
      () => random() * 0.3,
    ),
  );
  return { ...newTensor(name, float, dims), raw: new Uint8Array(values.buffer) };
}

/** A network of dense layers, ReLU between them, a sigmoid at the end. */
export function network(sizes) {
  const initializers = [];
  const nodes = [];
  let value = 'x';
  for (let i = 0; i + 1 < sizes.length; i += 1) {
    initializers.push(weight(`w${i}`, [sizes[i], sizes[i + 1]]), weight(`b${i}`, [sizes[i + 1]]));
    const isLast = i + 2 === sizes.length;
    const gemm = { opType: 'Gemm', domain: '', attributes: [], inputs: [value, `w${i}`, `b${i}`], outputs: [`g${i}`] };
    value = isLast ? 'y' : `a${i}`;
    nodes.push(gemm, {
      opType: isLast ? 'Sigmoid' : 'Relu',
      domain: '',
      attributes: [],
      inputs: [`g${i}`],
      outputs: [value],
    });
  }
  return file(nodes, { features: sizes[0], outputs: [scores('y', sizes.at(-1))], initializers });
}

/** {@link network} for a batch of which each row has weights of its own: inputs x [rows, 1, features] and p0, p1 … for weights [rows, from, to] and biases [rows, 1, to] of each layer. */
export function stackedNetwork(sizes) {
  const inputs = [{ name: 'x', elementType: float, shape: [-1, 1, sizes[0]] }];
  const nodes = [];
  let value = 'x';
  for (let i = 0; i + 1 < sizes.length; i += 1) {
    const [w, b] = [`p${2 * i}`, `p${2 * i + 1}`];
    inputs.push({ name: w, elementType: float, shape: [-1, sizes[i], sizes[i + 1]] });
    inputs.push({ name: b, elementType: float, shape: [-1, 1, sizes[i + 1]] });
    const isLast = i + 2 === sizes.length;
    const node = (opType, from, to) => ({ opType, domain: '', attributes: [], inputs: from, outputs: [to] });
    nodes.push(node('MatMul', [value, w], `m${i}`), node('Add', [`m${i}`, b], `g${i}`));
    value = isLast ? 'y' : `a${i}`;
    nodes.push(node(isLast ? 'Sigmoid' : 'Relu', [`g${i}`], value));
  }
  const outputs = [{ name: 'y', elementType: float, shape: [-1, 1, sizes.at(-1)] }];
  return writeOnnxProto({
    ...{ irVersion: 8, opsets: [{ domain: '', version: 17 }], metadata: [] },
    graph: { nodes, initializers: [], inputs, outputs },
  });
}
