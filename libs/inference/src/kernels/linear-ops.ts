import { floatAttribute, intAttribute, stringAttribute, type ProtoNode } from '../skeleton/onnx-proto.js';
import { noKernel, type Compiler, type NodeCompiler, type WeightRef } from './compiler.js';
import type { Frame } from './frame.js';
import { labelWriter } from './labels.js';
import { logistic, postTransform } from './post-transforms.js';
import type { Floats } from './registers.js';

interface Product {
  readonly x: Floats;
  readonly y: Floats;
  /** [columns of y, columns of x] where `isTransposed`, else [columns of x, columns of y]. */
  readonly weight: WeightRef;
  readonly isTransposed: boolean;
  /** One value a column of y, or one for all. */
  readonly bias: { readonly weight: WeightRef; readonly isScalar: boolean } | undefined;
  /** Columns of scores; y may have more. */
  readonly columns: number;
}

/** y = x · W (+ b), each row apart: sums in double precision, rounded once. */
function multiply({ x, y, weight, isTransposed, bias, columns }: Product): (frame: Frame) => void {
  const features = x.width;
  const stride = y.width;
  const [columnStep, featureStep] = isTransposed ? [features, 1] : [1, columns];
  return ({ rows, memory, at }) => {
    const w = memory.f32;
    const input = x.data;
    const output = y.data;
    const w0 = (at[weight.index] as number) >> 2;
    const b0 = bias === undefined ? -1 : (at[bias.weight.index] as number) >> 2;
    const biasStep = bias?.isScalar === true ? 0 : 1;
    for (let row = 0; row < rows; row += 1)
      for (let column = 0; column < columns; column += 1) {
        let k = w0 + column * columnStep;
        let i = row * features;
        const end = i + features;
        let a = 0;
        let b = 0;
        for (; i < end - 1; i += 2, k += 2 * featureStep) {
          a += (input[i] as number) * (w[k] as number);
          b += (input[i + 1] as number) * (w[k + featureStep] as number);
        }
        if (i < end) a += (input[i] as number) * (w[k] as number);
        const sum = a + b;
        output[row * stride + column] = b0 < 0 ? sum : sum + (w[b0 + column * biasStep] as number);
      }
  };
}

function checkedCoefficients(compiler: Compiler, node: ProtoNode, columns: number, x: Floats): WeightRef {
  const weight = compiler.neededWeight(node, 'coefficients');
  if (weight.spec.shape[0] !== columns * x.width) noKernel(`${node.opType} with coefficients of another size`);
  return weight;
}

const linearRegressor: NodeCompiler = (node, compiler) => {
  const x = compiler.floats(node);
  const columns = intAttribute(node, 'targets', 1);
  const weight = checkedCoefficients(compiler, node, columns, x);
  const intercepts = compiler.attributeWeight(node, 'intercepts');
  const bias = intercepts?.spec.shape[0] === columns ? { weight: intercepts, isScalar: false } : undefined;
  const y = compiler.newFloats(node, [columns]);
  compiler.push(multiply({ x, y, weight, isTransposed: true, bias, columns }));
  const transform = postTransform(stringAttribute(node, 'post_transform', 'NONE'));
  if (transform === undefined) return;
  if (columns === 1) noKernel('a post_transform of a single score');
  compiler.push(({ rows }) => {
    for (let row = 0; row < rows; row += 1) transform(y.data, row * columns, (row + 1) * columns);
  });
};

const linearClassifier: NodeCompiler = (node, compiler) => {
  const x = compiler.floats(node);
  const intercepts = compiler.neededWeight(node, 'intercepts');
  const columns = intercepts.spec.shape[0] ?? 0;
  const weight = checkedCoefficients(compiler, node, columns, x);
  const labels = labelWriter(node, compiler, 'classlabels_ints');
  // one score and two labels: the runtime adds the first class
  const isOneScore = columns === 1;
  if (isOneScore ? labels.count !== 2 : labels.count < columns)
    noKernel(`${columns} scores and ${labels.count} labels`);
  const width = isOneScore ? 2 : columns;
  const y = compiler.newFloats(node, [width], 1);
  const bias = { weight: intercepts, isScalar: false };
  compiler.push(multiply({ x, y, weight, isTransposed: true, bias, columns }));
  const transformName = stringAttribute(node, 'post_transform', 'NONE');
  const transform = postTransform(transformName);
  const isLogistic = transformName === 'LOGISTIC';
  if (isOneScore && !isLogistic && transformName !== 'NONE') noKernel(`${transformName} of one score`);
  compiler.push((frame) => {
    const { data } = y;
    for (let row = 0; row < frame.rows; row += 1) {
      const start = row * width;
      if (isOneScore) {
        const score = data[start] as number;
        labels.write(frame, row, score > 0 ? 1 : 0);
        data[start] = isLogistic ? logistic(-score) : 1 - score;
        data[start + 1] = isLogistic ? logistic(score) : score;
        continue;
      }
      let best = 0;
      for (let i = 1; i < width; i += 1) if ((data[start + i] as number) > (data[start + best] as number)) best = i;
      labels.write(frame, row, best);
      transform?.(data, start, start + width);
    }
  });
};

/** How a bias of this shape is added to rows of so many columns; undefined where it is no plain bias. */
function biasOf(weight: WeightRef, columns: number): Product['bias'] {
  const size = weight.spec.shape.reduce((product, n) => product * n, 1);
  const last = weight.spec.shape.at(-1) ?? 1;
  if (size === 1) return { weight, isScalar: true };
  return size === columns && last === columns ? { weight, isScalar: false } : undefined;
}

const matMul: NodeCompiler = (node, compiler) => {
  const x = compiler.floats(node);
  const weight = compiler.floatWeight(node, 1);
  const [features, columns] = weight.spec.shape;
  if (
    weight.spec.shape.length !== 2 ||
    columns === undefined ||
    features !== x.width ||
    compiler.tail(node).length !== 1
  )
    noKernel('MatMul of other shapes');
  const y = compiler.newFloats(node, [columns]);
  compiler.push(multiply({ x, y, weight, isTransposed: false, bias: undefined, columns }));
};

const gemm: NodeCompiler = (node, compiler) => {
  const x = compiler.floats(node);
  const weight = compiler.floatWeight(node, 1);
  const isTransposed = intAttribute(node, 'transB', 0) === 1;
  const [first, second] = weight.spec.shape;
  const [features, columns] = isTransposed ? [second, first] : [first, second];
  if (columns === undefined || features !== x.width || compiler.tail(node).length !== 1)
    noKernel('Gemm of other shapes');
  if (
    intAttribute(node, 'transA', 0) !== 0 ||
    floatAttribute(node, 'alpha', 1) !== 1 ||
    floatAttribute(node, 'beta', 1) !== 1
  )
    noKernel('Gemm with factors');
  const hasBias = (node.inputs[2] ?? '') !== '';
  const bias = hasBias
    ? (biasOf(compiler.floatWeight(node, 2), columns) ?? noKernel('Gemm with another bias'))
    : undefined;
  const y = compiler.newFloats(node, [columns]);
  compiler.push(multiply({ x, y, weight, isTransposed, bias, columns }));
};

export const LINEAR_OPS: Readonly<Record<string, NodeCompiler>> = {
  'ai.onnx.ml:LinearClassifier': linearClassifier,
  'ai.onnx.ml:LinearRegressor': linearRegressor,
  ':MatMul': matMul,
  ':Gemm': gemm,
};
