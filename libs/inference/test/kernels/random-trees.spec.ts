import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { splitModel, type TensorMap } from '../../src/index.js';
import { treeModel, type TreeForm, type TreeItem } from '../classical-models.js';
import { difference, rowsOf } from './support.js';

const FEATURES = 4;
const MODES = ['BRANCH_LEQ', 'BRANCH_LT', 'BRANCH_GTE', 'BRANCH_GT', 'BRANCH_EQ', 'BRANCH_NEQ'];
/** Few values, so that rows meet thresholds; the awkward ones among them. */
const VALUES = [0, -0, 1, -1, 0.5, 1e-45, -1e-45, 3.4e38, -3.4e38, 7, Infinity, -Infinity, NaN];
const SAME_BITS = { absolute: 0, relative: 0 };
/** Exponentials and logarithms of two libraries. */
const NEAR = { absolute: 1e-6, relative: 1e-5 };

const finite = fc.double({ min: -2, max: 2, noNaN: true }).map(Math.fround);
const threshold = fc.oneof(fc.constantFrom(...VALUES.slice(0, 12)), finite);
const rows = fc
  .array(fc.array(fc.oneof(fc.constantFrom(...VALUES), finite), { minLength: FEATURES, maxLength: FEATURES }), {
    minLength: 1,
    maxLength: 40,
  })
  .map(rowsOf);

interface Shape {
  readonly split?: {
    readonly mode: string;
    readonly feature: number;
    readonly threshold: number;
    readonly missing: number;
    readonly yes: Shape;
    readonly no: Shape;
  };
}

const shape = (modes: readonly string[], depth: number): fc.Arbitrary<Shape> =>
  fc.letrec<{ node: Shape }>((tie) => ({
    node: fc.oneof(
      { depthSize: 'small', maxDepth: depth },
      fc.constant({}),
      fc.record({
        split: fc.record({
          mode: fc.constantFrom(...modes),
          feature: fc.nat(FEATURES - 1),
          threshold,
          missing: fc.nat(1),
          yes: tie('node'),
          no: tie('node'),
        }),
      }),
    ),
  })).node;

/** The nodes of a tree, the root first, with the weights that `leaf` makes. */
function itemsOf(root: Shape, leaf: () => readonly (readonly [number, number])[]): TreeItem[] {
  const items: TreeItem[] = [];
  const add = (node: Shape): number => {
    const at = items.length;
    if (node.split === undefined) items.push({ weights: leaf() });
    else {
      items.push({ ...node.split, yes: 0, no: 0 });
      const { mode, feature, threshold: value, missing } = node.split;
      // the runtime wants the `no` branch next to its parent
      const no = add(node.split.no);
      const yes = add(node.split.yes);
      items[at] = { mode, feature, threshold: value, missing, yes, no };
    }
    return at;
  };
  add(root);
  return items;
}

type LeafKind = 'single' | 'by-tree' | 'dense';

interface Case {
  readonly form: TreeForm;
  readonly inputs: TensorMap;
}

interface CaseOptions {
  readonly kind: 'class' | 'target';
  readonly targets: number;
  readonly leafKind: LeafKind;
  readonly modes?: readonly string[];
  readonly weight?: fc.Arbitrary<number>;
  readonly base?: number;
  readonly attributes: TreeForm['attributes'];
}

function cases({
  kind,
  targets,
  leafKind,
  modes = MODES,
  weight = finite,
  base = 0,
  attributes,
}: CaseOptions): fc.Arbitrary<Case> {
  const shapes = fc.array(shape(modes, 5), { minLength: 1, maxLength: 9 });
  return fc
    .tuple(shapes, rows, fc.infiniteStream(weight), fc.nat(targets - 1))
    .map(([roots, inputs, weights, single]) => {
      const next = (): number => weights.next().value as number;
      const trees = roots.map((root, tree) =>
        itemsOf(root, () => {
          if (leafKind === 'dense') return Array.from({ length: targets }, (_, i) => [i, next()] as const);
          return [[leafKind === 'single' ? single : tree % targets, next()]];
        }),
      );
      const labels =
        kind === 'class'
          ? { classlabels_int64s: Array.from({ length: targets }, (_, i) => 10 * i) }
          : { n_targets: targets };
      const bases = base === 0 ? {} : { base_values: { floats: Array.from({ length: base }, next) } };
      return {
        form: { kind, trees, features: FEATURES, width: targets, attributes: { ...labels, ...bases, ...attributes } },
        inputs,
      };
    });
}

async function agree(arbitrary: fc.Arbitrary<Case>, tolerance = SAME_BITS, numRuns = 60): Promise<void> {
  await fc.assert(
    fc.asyncProperty(arbitrary, async ({ form, inputs }) => {
      expect(await difference(treeModel(form), inputs, tolerance)).toBeUndefined();
    }),
    { numRuns },
  );
}

describe('trees by kernels give the bits of the runtime', () => {
  test.each(MODES)('all tests of one mode, %s', async (mode) => {
    await agree(cases({ kind: 'target', targets: 1, leafKind: 'single', modes: [mode], attributes: {} }));
  });

  test('tests of all modes', async () => {
    await agree(cases({ kind: 'target', targets: 1, leafKind: 'single', attributes: {} }), SAME_BITS, 150);
  });

  const aggregates = ['SUM', 'AVERAGE', 'MIN', 'MAX'];
  test.each(aggregates.flatMap((name) => [1, 3].map((targets) => [name, targets] as const)))(
    '%s of %d targets',
    async (name, targets) => {
      const attributes = { aggregate_function: name };
      for (const base of [0, targets])
        await agree(
          cases({ kind: 'target', targets, leafKind: targets === 1 ? 'single' : 'dense', base, attributes }),
          SAME_BITS,
          30,
        );
      if (targets > 1)
        await agree(cases({ kind: 'target', targets, leafKind: 'by-tree', base: targets, attributes }), SAME_BITS, 30);
    },
  );

  test.each(['by-tree', 'dense'] as const)('more than two classes, %s', async (leafKind) => {
    for (const base of [0, 3])
      await agree(cases({ kind: 'class', targets: 3, leafKind, base, attributes: {} }), SAME_BITS, 40);
  });

  test.each([
    ['of any sign', finite],
    ['all positive', finite.map(Math.abs)],
  ] as const)('two classes with one score, weights %s', async (_, weight) => {
    for (const transform of ['NONE', 'LOGISTIC'])
      for (const base of [0, 1, 2])
        await agree(
          cases({
            kind: 'class',
            targets: 2,
            leafKind: 'single',
            weight,
            base,
            attributes: { post_transform: transform },
          }),
          NEAR,
          30,
        );
  });

  test('two classes with both scores', async () => {
    for (const base of [0, 2])
      await agree(cases({ kind: 'class', targets: 2, leafKind: 'dense', base, attributes: {} }), SAME_BITS, 40);
  });

  test.each(['LOGISTIC', 'SOFTMAX', 'SOFTMAX_ZERO', 'PROBIT'])('%s, to its tolerance', async (transform) => {
    const attributes = { post_transform: transform };
    const weight = transform === 'PROBIT' ? fc.double({ min: 0.01, max: 0.1, noNaN: true }).map(Math.fround) : finite;
    await agree(cases({ kind: 'class', targets: 3, leafKind: 'dense', weight, attributes }), NEAR, 30);
    await agree(cases({ kind: 'target', targets: 3, leafKind: 'by-tree', weight, attributes }), NEAR, 30);
  });

  test('labels that are strings', async () => {
    const attributes = { classlabels_strings: ['rot', 'grün', ''], classlabels_int64s: [] };
    await fc.assert(
      fc.asyncProperty(
        cases({ kind: 'class', targets: 3, leafKind: 'dense', attributes: {} }),
        async ({ form, inputs }) => {
          const { classlabels_int64s: _, ...rest } = form.attributes;
          const file = treeModel({
            ...form,
            attributes: { ...rest, classlabels_strings: attributes.classlabels_strings },
          });
          expect(await difference(file, inputs, SAME_BITS)).toBeUndefined();
        },
      ),
      { numRuns: 30 },
    );
  });

  test('even trees are padded, uneven ones linked', () => {
    const line = (depth: number): Shape =>
      depth === 0
        ? {}
        : { split: { mode: 'BRANCH_LEQ', feature: 0, threshold: depth, missing: 0, yes: {}, no: line(depth - 1) } };
    const layoutOf = (root: Shape): string => {
      const trees = [itemsOf(root, () => [[0, 1]])];
      const { skeleton } = splitModel(
        treeModel({ kind: 'target', trees, features: FEATURES, width: 1, attributes: { n_targets: 1 } }),
      );
      return Buffer.from(
        skeleton.graph.nodes[0]?.attributes.find(({ name }) => name === 'layout')?.string ?? [],
      ).toString();
    };
    expect(layoutOf(line(1))).toBe('complete');
    expect(layoutOf(line(12))).toBe('linked');
  });
});
