import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { compareOutputs, EXACT, joinModel, OnnxRuntimeModel, splitModel, Unsplittable } from '../../src/index.js';
import { edgeInputs } from '../../src/serving/edge-inputs.js';
import { landmarksOf } from '../../src/serving/landmarks.js';
import { readSkeleton } from '../../src/skeleton/skeleton.js';
import { classical, floatTensor, intTensor, modelFile, plain, valueInfo } from '../classical-models.js';
import { encodeModel, graphOf, node, value } from '../onnx-encoder.js';

const folder = `${import.meta.dirname}/../fixtures/shapes`;
const fixture = (name: string): Buffer => readFileSync(`${folder}/${name}.onnx`);
const names = readdirSync(folder).map((name) => name.replace('.onnx', ''));
const WHOLE = ['svm'];

describe('a model that is split', () => {
  test.each(names.filter((name) => !WHOLE.includes(name)))('%s, joined again, gives the same bits', async (name) => {
    const split = splitModel(fixture(name));
    const [whole, joined] = await Promise.all([
      OnnxRuntimeModel.load(fixture(name), { pairSingleRows: false }),
      OnnxRuntimeModel.load(joinModel(split.skeleton, split.weights), { pairSingleRows: false }),
    ]);
    let inputs = edgeInputs(whole.signature, landmarksOf(split), 200);
    // the runtime's Binarizer refuses NaN
    if (name === 'binarizer')
      inputs = { X: { ...inputs['X']!, data: (inputs['X']!.data as Float32Array).map((x) => x || 0) } };
    expect(compareOutputs(joined.runSync(inputs), whole.runSync(inputs), EXACT).firstDifference).toBeUndefined();
    expect(joined.signature.inputs).toEqual(whole.signature.inputs);
    whole.dispose();
    joined.dispose();
  });

  test.each(names.filter((name) => !WHOLE.includes(name)))(
    '%s has a skeleton that is read again to the same',
    (name) => {
      const { skeleton } = splitModel(fixture(name));
      expect(readSkeleton(skeleton.bytes)).toEqual(skeleton);
    },
  );

  test('shares its skeleton with a model of equal shape', () => {
    const [one, other] = [splitModel(fixture('lr_binary')), splitModel(fixture('lr_binary_other_tenant'))];
    expect(other.skeleton.digest).toBe(one.skeleton.digest);
    expect(Buffer.from(other.weights).equals(one.weights)).toBe(false);
  });

  test('names, producer, documentation and metadata change nothing', () => {
    const form = (names: readonly string[], more: Readonly<Record<string, unknown>>): Buffer =>
      encodeModel(
        graphOf([node('MatMul', ['x', names[0]!], [names[1]!]), node('Relu', [names[1]!], ['y'])], {
          name: names[2],
          initializer: [
            { name: names[0], dataType: 1, dims: [4, 4], floatData: Array.from({ length: 16 }, Math.random) },
          ],
        }),
        more,
      );
    const [one, other] = [
      splitModel(form(['w', 'h', 'graph'], {})),
      splitModel(
        form(['tenant7', 'zz', 'secret'], {
          producerName: 'theirs',
          metadataProps: [{ key: 'customer', value: 'ACME' }],
        }),
      ),
    ];
    expect(other.skeleton.digest).toBe(one.skeleton.digest);
    expect(Buffer.from(one.skeleton.bytes).includes('ACME')).toBe(false);
  });

  test('trees of any number and depth share a skeleton', () => {
    const stump = (trees: number): Uint8Array => {
      const each = <T>(make: (tree: number) => readonly T[]): T[] =>
        Array.from({ length: trees }, (_, tree) => make(tree)).flat();
      const attributes = {
        nodes_treeids: each((tree) => [tree, tree, tree]),
        nodes_nodeids: each(() => [0, 1, 2]),
        nodes_featureids: each(() => [0, 0, 0]),
        nodes_modes: each(() => ['BRANCH_LEQ', 'LEAF', 'LEAF']),
        nodes_values: { floats: each(() => [0.5, 0, 0]) },
        nodes_truenodeids: each(() => [1, 0, 0]),
        nodes_falsenodeids: each(() => [2, 0, 0]),
        target_treeids: each((tree) => [tree, tree]),
        target_nodeids: each(() => [1, 2]),
        target_ids: each(() => [0, 0]),
        target_weights: { floats: each((tree) => [tree, -1]) },
        n_targets: 1,
      };
      return modelFile([classical('TreeEnsembleRegressor', [['x'], ['y']], attributes)], {
        inputs: [valueInfo('x', 3)],
        outputs: [valueInfo('y', 1)],
      });
    };
    expect(splitModel(stump(7)).skeleton.digest).toBe(splitModel(stump(2)).skeleton.digest);
  });

  test('nothing that was learned is in the skeleton: neither labels nor categories nor coefficients', () => {
    const { skeleton } = splitModel(fixture('lr_string_labels'));
    expect(Buffer.from(skeleton.bytes).includes('grün')).toBe(false);
    const columns = splitModel(fixture('columns_onehot')).skeleton;
    for (const town of ['Köln', 'Graz']) expect(Buffer.from(columns.bytes).includes(town)).toBe(false);
  });

  test('shapes and indices stay in the skeleton, tables of labels do not', () => {
    const file = modelFile(
      [
        plain('Gather', [['x', 'columns'], ['picked']], { axis: 1 }),
        plain('MatMul', [['picked', 'w'], ['scores']]),
        plain('ArgMax', [['scores'], ['best']], { axis: 1 }),
        classical('ArrayFeatureExtractor', [['labels', 'best'], ['across']], {}),
        plain('Reshape', [['across', 'shape'], ['label']]),
      ],
      {
        inputs: [valueInfo('x', 4)],
        outputs: [valueInfo('label', undefined, 7)],
        initializers: [
          intTensor('columns', [2], [3, 1]),
          floatTensor('w', [2, 3], [1, 2, 3, 4, 5, 6]),
          intTensor('labels', [3], [10, 20, 30]),
          intTensor('shape', [1], [-1]),
        ],
      },
    );
    const { skeleton } = splitModel(file);
    expect(skeleton.weights.map(({ dtype, shape }) => [dtype, shape])).toEqual([
      ['I64', [3]],
      ['F32', [2, 3]],
    ]);
    expect(skeleton.graph.initializers).toHaveLength(2);
  });
});

describe('a model that stays whole', () => {
  test.each([
    ['has weights without a rule', () => fixture('svm'), /SVMClassifier/],
    [
      'has subgraphs',
      () =>
        encodeModel(
          graphOf([node('If', ['x'], ['y'], { attribute: [{ name: 'then_branch', g: graphOf([]), type: 5 }] })]),
        ),
      /field 6 of AttributeProto/,
    ],
    [
      'has functions',
      () => encodeModel(graphOf([node('Relu', ['x'], ['y'])]), { functions: [{ name: 'f', domain: 'd' }] }),
      /field 25/,
    ],
    [
      'keeps data elsewhere',
      () =>
        encodeModel(
          graphOf([node('MatMul', ['x', 'w'], ['y'])], {
            initializer: [{ name: 'w', dataType: 1, dims: [4, 4], externalData: [{ key: 'location', value: 'f' }] }],
          }),
        ),
      /field 13 of TensorProto/,
    ],
    [
      'has sparse weights',
      () => encodeModel(graphOf([node('Relu', ['x'], ['y'])], { sparseInitializer: [{ dims: [1] }] })),
      /field 15/,
    ],
    [
      'gives a map',
      () =>
        encodeModel(
          graphOf([node('ZipMap', ['x'], ['y'], { domain: 'ai.onnx.ml' })], {
            output: [{ name: 'y', type: { sequenceType: {} } }],
          }),
        ),
      /field 4 of TypeProto/,
    ],
    ['uses a value that nothing makes', () => encodeModel(graphOf([node('Relu', ['z'], ['y'])])), /'z' is not made/],
    [
      'holds a tensor shorter than its shape',
      () =>
        encodeModel(
          graphOf([node('MatMul', ['x', 'w'], ['y'])], {
            initializer: [{ name: 'w', dataType: 1, dims: [4, 4], floatData: [1] }],
          }),
        ),
      /has 4 bytes/,
    ],
    [
      'has an integer beyond 2^53',
      () =>
        encodeModel(
          graphOf([node('Add', ['x', 'w'], ['y'])], {
            initializer: [{ name: 'w', dataType: 7, dims: [1], int64Data: ['9007199254740993'] }],
          }),
        ),
      /2\^53/,
    ],
    ['is no model', () => Buffer.from('not a model at all'), /./],
  ])('%s: the reason is said', (_, make, reason) => {
    expect(() => splitModel(make())).toThrow(Unsplittable);
    expect(() => splitModel(make())).toThrow(reason);
  });

  test('has an output that is an input', () => {
    expect(() => splitModel(encodeModel(graphOf([], { output: [value('x', [-1, 4])] })))).toThrow(Unsplittable);
  });
});
