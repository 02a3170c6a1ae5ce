import { attributeOf, floatAttribute, intAttribute, type ProtoNode } from '../skeleton/onnx-proto.js';
import { noKernel, type Compiler, type NodeCompiler, type Operand } from './compiler.js';
import type { Frame } from './frame.js';
import type { Floats, Integers } from './registers.js';
import { softmax } from './post-transforms.js';

/** Where an operand's value for a row and column lies: `data[start + row × rowStep + column × columnStep]`. */
interface Source {
  readonly columns: number;
  readonly tail: readonly number[];
  readonly register: Floats | undefined;
  readonly index: number;
}

function sourceOf(node: ProtoNode, compiler: Compiler, position: number): Source {
  const operand: Operand = compiler.operand(node, position);
  if ('weight' in operand) {
    const { spec, index } = operand.weight;
    if (spec.dtype !== 'F32') noKernel(`${node.opType} with ${spec.dtype}`);
    const columns = spec.shape.reduce((product, size) => product * size, 1);
    // [w] and [1, w]: the same for each row
    if (columns !== (spec.shape.at(-1) ?? 1))
      noKernel(`${node.opType} with a weight of shape [${spec.shape.join(',')}]`);
    return { columns, tail: [columns], register: undefined, index };
  }
  const register = compiler.floats(node, position);
  return { columns: register.width, tail: compiler.tail(node, position), register, index: -1 };
}

type Binary = (a: number, b: number) => number;

/** Two operands, columns equal or one of them single; gives floats, or booleans as 0 and 1. */
const binary =
  (compute: Binary, result: 'FP32' | 'BOOL' = 'FP32'): NodeCompiler =>
  (node, compiler) => {
    const [a, b] = [sourceOf(node, compiler, 0), sourceOf(node, compiler, 1)];
    const columns = Math.max(a.columns, b.columns);
    if ([a, b].some((side) => side.columns !== columns && side.columns !== 1))
      noKernel(`${node.opType} of other shapes`);
    const registers = [a, b].filter((side) => side.register !== undefined);
    if (registers.length === 0) noKernel(`${node.opType} of weights alone`);
    const tails = registers.map((side) => side.tail);
    // [rows] with [rows, 1] or with a vector would spread rows over columns
    if (tails.some((tail) => tail.length !== 1) && !(tails.every((tail) => tail.length === 0) && columns === 1))
      noKernel(`${node.opType} of other ranks`);
    const tail = tails[0]?.length === 0 ? [] : [columns];
    const y = result === 'FP32' ? compiler.newFloats(node, tail) : compiler.newIntegers(node, tail, result);
    compiler.push((frame) => {
      spread(frame, [a, b], y, compute);
    });
  };

function spread(
  { rows, memory, at }: Frame,
  [a, b]: readonly [Source, Source],
  y: Floats | Integers,
  compute: Binary,
): void {
  const columns = y.width;
  const [aData, bData] = [a.register?.data ?? memory.f32, b.register?.data ?? memory.f32];
  const [aStart, bStart] = [a, b].map((side) =>
    side.register === undefined ? (at[side.index] as number) >> 2 : 0,
  ) as [number, number];
  const [aRow, bRow] = [a, b].map((side) => (side.register === undefined ? 0 : side.columns)) as [number, number];
  const [aStep, bStep] = [a.columns === 1 ? 0 : 1, b.columns === 1 ? 0 : 1];
  for (let row = 0; row < rows; row += 1)
    for (let i = 0; i < columns; i += 1)
      y.data[row * columns + i] = compute(
        aData[aStart + row * aRow + i * aStep] as number,
        bData[bStart + row * bRow + i * bStep] as number,
      );
}

const unary =
  (compute: (x: number) => number): NodeCompiler =>
  (node, compiler) => {
    const x = compiler.floats(node);
    const y = compiler.newFloats(node, compiler.tail(node));
    compiler.push(({ rows }) => {
      for (let i = 0; i < rows * x.width; i += 1) y.data[i] = compute(x.data[i] as number);
    });
  };

const softmaxOp: NodeCompiler = (node, compiler) => {
  const x = compiler.floats(node);
  const axis = intAttribute(node, 'axis', -1);
  if (compiler.tail(node).length !== 1 || (axis !== 1 && axis !== -1)) noKernel('Softmax along another axis');
  const y = compiler.newFloats(node, compiler.tail(node));
  compiler.push(({ rows }) => {
    y.data.set(x.data.subarray(0, rows * x.width));
    for (let row = 0; row < rows; row += 1) softmax(y.data, row * x.width, (row + 1) * x.width);
  });
};

const clip: NodeCompiler = (node, compiler) => {
  const x = compiler.floats(node);
  const bounds = [1, 2].map((position) => {
    if ((node.inputs[position] ?? '') === '') return undefined;
    const weight = compiler.floatWeight(node, position);
    return weight.spec.shape.length === 0 ? weight : noKernel('Clip with bounds that are no scalars');
  });
  const [min, max] = bounds;
  if (attributeOf(node, 'min') !== undefined || attributeOf(node, 'max') !== undefined)
    noKernel('Clip with attributes');
  const y = compiler.newFloats(node, compiler.tail(node));
  compiler.push(({ rows, memory, at }) => {
    const low = min === undefined ? -Infinity : (memory.f32[(at[min.index] as number) >> 2] as number);
    const high = max === undefined ? Infinity : (memory.f32[(at[max.index] as number) >> 2] as number);
    for (let i = 0; i < rows * x.width; i += 1) y.data[i] = Math.min(Math.max(x.data[i] as number, low), high);
  });
};

const leakyRelu: NodeCompiler = (node, compiler) => {
  const alpha = Math.fround(floatAttribute(node, 'alpha', 0.01));
  unary((x) => (x >= 0 ? x : alpha * x))(node, compiler);
};

export const ELEMENTWISE_OPS: Readonly<Record<string, NodeCompiler>> = {
  ':Add': binary((a, b) => a + b),
  ':Sub': binary((a, b) => a - b),
  ':Mul': binary((a, b) => a * b),
  ':Div': binary((a, b) => a / b),
  ':Greater': binary((a, b) => Number(a > b), 'BOOL'),
  ':GreaterOrEqual': binary((a, b) => Number(a >= b), 'BOOL'),
  ':Less': binary((a, b) => Number(a < b), 'BOOL'),
  ':LessOrEqual': binary((a, b) => Number(a <= b), 'BOOL'),
  ':Sigmoid': unary((x) => 1 / (1 + Math.exp(-x))),
  ':Tanh': unary(Math.tanh),
  ':Relu': unary((x) => (x > 0 ? x : x < 0 ? 0 : x)),
  ':Exp': unary(Math.exp),
  ':Log': unary(Math.log),
  ':Sqrt': unary(Math.sqrt),
  ':Neg': unary((x) => -x),
  ':Abs': unary(Math.abs),
  ':Reciprocal': unary((x) => 1 / x),
  ':LeakyRelu': leakyRelu,
  ':Softmax': softmaxOp,
  ':Clip': clip,
};
