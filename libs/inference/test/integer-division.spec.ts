import { ProblemError } from '@myriad/kernel';
import { describe, expect, test } from '@jest/globals';
import { inspectOnnxBytes } from '../src/index.js';
import { encodeModel, graphOf, ints, node } from './onnx-encoder.js';

const cast = (from: string, to: string, type: number) =>
  node('Cast', [from], [to], { attribute: [{ name: 'to', i: type, type: 2 }] });
const [FLOAT, INT32, INT64] = [1, 6, 7];
const whole = cast('x', 'whole', INT64);
const initializer = [
  ints('two', [2, 4]),
  ints('one', [1]),
  ints('minus', [3, -1]),
  ints('long', Array<number>(65).fill(3)),
  { name: 'scale', dataType: 1, dims: [1], floatData: [-1] },
];

function codeOf(nodes: readonly ReturnType<typeof node>[]): string | undefined {
  try {
    inspectOnnxBytes(encodeModel(graphOf(nodes, { initializer })));
    return undefined;
  } catch (error) {
    if (error instanceof ProblemError) return error.code;
    throw error;
  }
}

describe('a division of integers', () => {
  test.each([
    ['floats, by anything', [node('Div', ['x', 'scale'], ['y'])]],
    ['floats that were integers', [whole, cast('whole', 'z', FLOAT), node('Div', ['z', 'x'], ['y'])]],
    [
      'floats after arithmetic',
      [node('ReduceMean', ['x'], ['m']), node('Sub', ['x', 'm'], ['d']), node('Div', ['d', 'm'], ['y'])],
    ],
    ['by constants', [whole, node('Div', ['whole', 'two'], ['y'])]],
    ['a dimension by anything', [node('Shape', ['x'], ['s']), whole, node('Div', ['s', 'whole'], ['y'])]],
  ])('is accepted: %s', (_name, nodes) => {
    expect(codeOf(nodes)).toBeUndefined();
  });

  test.each([
    ['by a constant -1', [whole, node('Div', ['whole', 'minus'], ['y'])]],
    ['of 32 bits by a constant -1', [cast('x', 'small', INT32), node('Div', ['small', 'minus'], ['y'])]],
    ['by another value', [whole, node('Div', ['whole', 'whole'], ['y'])]],
    ['by what constants make', [whole, node('Neg', ['one'], ['m']), node('Div', ['whole', 'm'], ['y'])]],
    ['by a list too long to be read', [whole, node('Div', ['whole', 'long'], ['y'])]],
    [
      'after a way through other operators',
      [
        node('Less', ['x', 'scale'], ['isLess']),
        node('Where', ['isLess', 'wholes', 'two'], ['mixed']),
        node('Div', ['mixed', 'minus'], ['y']),
      ],
    ],
    ['of positions', [node('TopK', ['x', 'one'], ['v', 'i']), node('Div', ['i', 'minus'], ['y'])]],
    ['of what nobody knows', [node('Strange', ['x'], ['z'], { domain: 'ai.onnx.ml' }), node('Div', ['z', 'z'], ['y'])]],
  ])('is refused: %s', (_name, nodes) => {
    expect(codeOf(nodes)).toBe('inference.onnx_unsafe_division');
  });
});
