import { ProblemError } from '@myriad/kernel';
import { describe, expect, test } from '@jest/globals';
import { inspectOnnxBytes } from '../src/index.js';
import { encodeModel, graphOf, ints, node, value } from './onnx-encoder.js';

type Node = ReturnType<typeof node>;

/** Refusal of a graph over `x[n,4]` with small constants at hand; undefined when it is accepted. */
function refusal(nodes: readonly Node[], more: Parameters<typeof encodeModel>[1] = {}): ProblemError | undefined {
  const initializer = [
    ...[-1, 0, 1, 2, 4, 1_000, 5_000].map((number) => ints(`c${number}`, [number])),
    { name: 'half', dataType: 1, dims: [1], floatData: [0.5] },
    { name: 'nan', dataType: 1, dims: [1], floatData: [NaN] },
    { name: 'long', dataType: 7, dims: [65], int64Data: Array<number>(65).fill(1) },
  ];
  try {
    inspectOnnxBytes(encodeModel(graphOf(nodes, { initializer }), more));
    return undefined;
  } catch (error) {
    if (error instanceof ProblemError) return error;
    throw error;
  }
}

const shape = node('Shape', ['x'], ['shape']);
const rows = [shape, node('Gather', ['shape', 'c0'], ['rows'])];
const size = node('Cast', ['x'], ['size'], { attribute: [{ name: 'to', i: 7, type: 2 }] });

/** Each operator of that kind, asked for `size`. */
const ASKING: readonly (readonly [string, readonly string[]])[] = [
  ['ConstantOfShape', ['size']],
  ['Expand', ['x', 'size']],
  ['Tile', ['x', 'size']],
  ['OneHot', ['x', 'size', 'c0']],
  ['Pad', ['x', 'size']],
  ['Resize', ['x', '', '', 'size']],
  ['Resize', ['x', '', 'size']],
  ['Range', ['c0', 'size', 'c1']],
];

describe('a size that a graph computes', () => {
  test.each(ASKING)('from values of a request is refused: %s of %j', (operator, inputs) => {
    const error = refusal([size, node(operator, inputs, ['y'])]);
    expect(error?.code).toBe('inference.onnx_unbounded_size');
    expect(error?.message).toContain(`operator ${operator} 'y'`);
    expect(error?.message).toContain(`'size' follows from the values of a request`);
  });

  test.each(ASKING)('from the shape of a request is accepted: %s of %j', (operator, inputs) => {
    expect(refusal([...rows, node('Identity', ['rows'], ['size']), node(operator, inputs, ['y'])])).toBeUndefined();
  });

  test.each([
    ['rows and a constant', [node('Concat', ['rows', 'c4'], ['size'])]],
    ['a scaled dimension', [node('Mul', ['rows', 'c1000'], ['size'])]],
    ['half a dimension', [node('Div', ['rows', 'c2'], ['size'])]],
    [
      'dimensions where −1 stood',
      [node('Equal', ['c-1', 'c-1'], ['isOpen']), node('Where', ['isOpen', 'rows', 'c4'], ['size'])],
    ],
    ['a whole shape, cut', [node('Slice', ['shape', 'c0', 'c1'], ['size'])]],
    ['constants only, whatever they make', [node('Mul', ['c5000', 'c5000'], ['size'])]],
  ])('as exporters do is accepted: %s', (_name, nodes) => {
    expect(refusal([...rows, ...nodes, node('ConstantOfShape', ['size'], ['y'])])).toBeUndefined();
  });

  test.each([
    ['too many times a dimension', 'may be 5000 times', [node('Mul', ['rows', 'c5000'], ['size'])]],
    ['a product of dimensions', 'product of dimensions', [node('Mul', ['rows', 'rows'], ['size'])]],
    ['a dimension over a fraction', 'follows', [node('Div', ['rows', 'half'], ['size'])]],
    ['a dimension times no number', 'follows', [node('Mul', ['rows', 'nan'], ['size'])]],
    ['a power', 'follows', [node('Pow', ['rows', 'c4'], ['size'])]],
    ['a list too long to be read', 'follows', [node('Gather', ['long', 'rows'], ['size'])]],
    [
      'a switch that a value turns',
      'may be 25000000 times',
      [
        node('Equal', ['x', 'half'], ['isOn']),
        node('Mul', ['c5000', 'c5000'], ['huge']),
        node('Where', ['isOn', 'huge', 'c1'], ['size']),
      ],
    ],
    [
      'a switch that a number of rows turns',
      'may be 25000000 times',
      [
        node('Equal', ['rows', 'c1000'], ['isOn']),
        node('Mul', ['c5000', 'c5000'], ['huge']),
        node('Mul', ['isOn', 'huge'], ['size']),
      ],
    ],
    [
      'the size of a tensor that was made large',
      'may be 1000000 times',
      [
        node('Mul', ['rows', 'c1000'], ['more']),
        node('ConstantOfShape', ['more'], ['large']),
        node('Relu', ['large'], ['also']),
        node('Shape', ['also'], ['again']),
        node('Mul', ['again', 'c1000'], ['size']),
      ],
    ],
    ['the shape of what comes later', 'follows', [node('Shape', ['later'], ['size'])]],
  ])('is refused when it is %s', (_name, why, nodes) => {
    const error = refusal([...rows, ...nodes, node('ConstantOfShape', ['size'], ['y'])]);
    expect(error?.code).toBe('inference.onnx_unbounded_size');
    expect(error?.message).toContain(why);
  });

  test('is refused when a range takes small steps', () => {
    for (const step of ['half', 'c0', 'rows'])
      expect(refusal([...rows, node('Range', ['c0', 'rows', step], ['y'])])?.message).toContain('its step');
  });

  test('is refused in a function of the file, whose inputs may be anything, and where a function hides an operator', () => {
    const body = [node('ConstantOfShape', ['s'], ['t'])];
    const functions = [{ name: 'F', domain: 'mine', input: ['s'], output: ['t'], node: body }];
    const call = node('F', ['x'], ['y'], { domain: 'mine' });
    expect(refusal([call], { functions })?.code).toBe('inference.onnx_unbounded_size');
    const hiding = [{ name: 'Shape', domain: '', input: ['s'], output: ['t'], node: [node('Cast', ['s'], ['t'])] }];
    const asking = [...rows, node('ConstantOfShape', ['rows'], ['y'])];
    expect(refusal(asking)).toBeUndefined();
    expect(refusal(asking, { functions: hiding })?.code).toBe('inference.onnx_unbounded_size');
  });

  test('is followed into a graph within', () => {
    const branch = (input: string) =>
      graphOf([node('ConstantOfShape', [input], ['z'])], { input: [], output: [value('z', [-1])] });
    const nodeWith = (input: string) =>
      node('If', ['c'], ['y'], { attribute: [{ name: 'then_branch', g: branch(input), type: 5 }] });
    expect(refusal([...rows, nodeWith('rows')])).toBeUndefined();
    expect(refusal([size, nodeWith('size')])?.code).toBe('inference.onnx_unbounded_size');
  });
});
