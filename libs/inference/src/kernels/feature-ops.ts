import { floatAttribute, intAttribute, stringAttribute } from '../skeleton/onnx-proto.js';
import { runFailed } from './kernel-plan.js';
import { noKernel, type NodeCompiler, type WeightRef } from './compiler.js';
import { int64At, isTextAt } from './frame.js';
import { hashOf } from '../skeleton/string-pool.js';
import type { Floats, Integers } from './registers.js';

const f = Math.fround;

/** One value a column, or one for all. */
function stepOf(weight: WeightRef, width: number): 0 | 1 {
  const [length] = weight.spec.shape;
  if (length !== width && length !== 1) noKernel(`${length} values for ${width} columns`);
  return length === 1 ? 0 : 1;
}

/** (x − offset) × scale; of integers too. */
const scaler: NodeCompiler = (node, compiler) => {
  const operand = compiler.operand(node, 0);
  if ('weight' in operand || operand.register.kind === 'texts') noKernel('Scaler of strings');
  const x: Floats | Integers = operand.register;
  const [offset, scale] = [compiler.neededWeight(node, 'offset'), compiler.neededWeight(node, 'scale')];
  const [offsetStep, scaleStep] = [stepOf(offset, x.width), stepOf(scale, x.width)];
  if (offset.spec.shape[0] !== scale.spec.shape[0]) noKernel('offset and scale of unequal length');
  const y = compiler.newFloats(node, compiler.tail(node));
  const { width } = x;
  compiler.push(({ rows, memory, at }) => {
    const o = (at[offset.index] as number) >> 2;
    const s = (at[scale.index] as number) >> 2;
    for (let row = 0; row < rows; row += 1)
      for (let i = 0; i < width; i += 1)
        y.data[row * width + i] =
          f(f(x.data[row * width + i] as number) - (memory.f32[o + i * offsetStep] as number)) *
          (memory.f32[s + i * scaleStep] as number);
  });
};

const imputer: NodeCompiler = (node, compiler) => {
  const x = compiler.floats(node);
  const values = compiler.neededWeight(node, 'imputed_value_floats');
  const step = values.spec.shape[0] === x.width ? 1 : 0;
  const replaced = f(floatAttribute(node, 'replaced_value_float', 0));
  const y = compiler.newFloats(node, compiler.tail(node));
  const { width } = x;
  compiler.push(({ rows, memory, at }) => {
    const v = (at[values.index] as number) >> 2;
    for (let row = 0; row < rows; row += 1)
      for (let i = 0; i < width; i += 1) {
        const value = x.data[row * width + i] as number;
        const isReplaced = value === replaced || (Number.isNaN(value) && Number.isNaN(replaced));
        y.data[row * width + i] = isReplaced ? (memory.f32[v + i * step] as number) : value;
      }
  });
};

/** Norms of a row in single precision, added up in the order of its columns. */
const NORMS: Readonly<Record<string, (row: Float32Array, start: number, end: number) => number>> = {
  MAX: (data, start, end) => {
    let max = -3.4028234663852886e38;
    for (let i = start; i < end; i += 1) if (max < (data[i] as number)) max = data[i] as number;
    return max;
  },
  L1: (data, start, end) => {
    let sum = 0;
    for (let i = start; i < end; i += 1) sum = f(sum + Math.abs(data[i] as number));
    return sum;
  },
  L2: (data, start, end) => {
    let sum = 0;
    for (let i = start; i < end; i += 1) sum = f(sum + f((data[i] as number) * (data[i] as number)));
    return sum;
  },
};

const normalizer: NodeCompiler = (node, compiler) => {
  const x = compiler.floats(node);
  const name = stringAttribute(node, 'norm', 'MAX');
  const norm = NORMS[name] ?? noKernel(`norm ${name}`);
  const y = compiler.newFloats(node, compiler.tail(node));
  const { width } = x;
  compiler.push(({ rows }) => {
    for (let row = 0; row < rows; row += 1) {
      const [start, end] = [row * width, (row + 1) * width];
      const size = norm(x.data, start, end);
      for (let i = start; i < end; i += 1) {
        const value = x.data[i] as number;
        if (size === 0) y.data[i] = value;
        else if (name !== 'L2') y.data[i] = value / size;
        else y.data[i] = (value < 0 ? -1 : 1) * f(Math.sqrt(f(f(value * value) / size)));
      }
    }
  });
};

const binarizer: NodeCompiler = (node, compiler) => {
  const x = compiler.floats(node);
  const threshold = f(floatAttribute(node, 'threshold', 0));
  const y = compiler.newFloats(node, compiler.tail(node));
  compiler.push(({ rows }) => {
    for (let i = 0; i < rows * x.width; i += 1) {
      if (Number.isNaN(x.data[i])) throw runFailed(`value ${i} of a Binarizer is NaN`);
      y.data[i] = (x.data[i] as number) > threshold ? 1 : 0;
    }
  });
};

/** Columns of categories: a row of zeros with a one where the value's category stands; the last of equal ones counts. */
const oneHotEncoder: NodeCompiler = (node, compiler) => {
  if (intAttribute(node, 'zeros', 1) === 0) noKernel('OneHotEncoder that fails for unknown values');
  const operand = compiler.operand(node, 0);
  if ('weight' in operand) noKernel('OneHotEncoder of a weight');
  const { register: x } = operand;
  const pool = compiler.attributePool(node, 'cats_strings');
  const integers = compiler.attributeWeight(node, 'cats_int64s');
  const count = (x.kind === 'texts' ? pool?.ends : integers)?.spec.shape[0];
  if (count === undefined || count < 1) noKernel('OneHotEncoder of another type than its categories');
  const y = compiler.newFloats(node, [...compiler.tail(node), count]);
  compiler.push((frame) => {
    const { rows, memory, at } = frame;
    y.data.fill(0, 0, rows * y.width);
    for (let i = 0; i < rows * x.width; i += 1) {
      let found = -1;
      if (x.kind !== 'texts') {
        const value = Math.trunc(x.data[i] as number);
        const categories = at[integers?.index ?? 0] as number;
        for (let c = 0; c < count; c += 1) if (int64At(memory, categories + 8 * c) === value) found = c;
      } else if (pool !== undefined) {
        const text = x.data[i] as string;
        const hash = hashOf(text) | 0;
        const hashes = (at[pool.hashes.index] as number) >> 2;
        const offsets = [at[pool.ends.index] as number, at[pool.units.index] as number] as const;
        for (let c = 0; c < count; c += 1)
          if (memory.i32[hashes + c] === hash && isTextAt(memory, offsets, c, text)) found = c;
      }
      if (found >= 0) y.data[i * count + found] = 1;
    }
  });
};

export const FEATURE_OPS: Readonly<Record<string, NodeCompiler>> = {
  'ai.onnx.ml:Scaler': scaler,
  'ai.onnx.ml:Imputer': imputer,
  'ai.onnx.ml:Normalizer': normalizer,
  'ai.onnx.ml:Binarizer': binarizer,
  'ai.onnx.ml:OneHotEncoder': oneHotEncoder,
};
