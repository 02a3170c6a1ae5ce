import { attributeOf, intAttribute, type ProtoNode } from '../skeleton/onnx-proto.js';
import { elementCount } from '../tensors/tensor.js';
import { noKernel, type Compiler, type NodeCompiler, type Value } from './compiler.js';
import { int64At, textAt } from './frame.js';
import { registerFor, type Integers, type Register } from './registers.js';

function valueOf(node: ProtoNode, compiler: Compiler): Value {
  return compiler.value(node.inputs[0] ?? '');
}

/** The same values in another form. */
function reform(node: ProtoNode, compiler: Compiler, tail: readonly number[]): void {
  const { register } = compiler.anyValue(node.inputs[0] ?? '');
  if (elementCount(tail) !== register.width) noKernel(`${node.opType} to another number of columns`);
  compiler.alias(node.outputs[0] ?? '', register, tail);
}

const identity: NodeCompiler = (node, compiler) => {
  const { register, tail } = valueOf(node, compiler);
  compiler.alias(node.outputs[0] ?? '', register, tail);
};

/** To [−1, …] or [0, …] with as many columns as there are: rows stay rows. */
const reshape: NodeCompiler = (node, compiler) => {
  const shape = compiler.constant(node.inputs[1] ?? '')?.values ?? noKernel('Reshape to a computed shape');
  const { register, tail: from } = compiler.anyValue(node.inputs[0] ?? '');
  const [first, ...rest] = shape;
  if (first !== -1 && first !== 0) noKernel('Reshape to a fixed number of rows');
  if (compiler.isAcross(node.inputs[0] ?? '') && first !== -1) noKernel('Reshape of a row of labels');
  const tail = rest.map((size, i) => {
    if (size === 0) return from[i] ?? noKernel('Reshape that keeps a size that is not there');
    // with rows given as 0, −1 stands for the columns
    return size === -1 && first === 0 && rest.length === 1 ? register.width : size;
  });
  if (tail.some((size) => size < 0)) noKernel('Reshape that mixes rows and columns');
  reform(node, compiler, tail);
};

const flatten: NodeCompiler = (node, compiler) => {
  const { register } = valueOf(node, compiler);
  if (intAttribute(node, 'axis', 1) !== 1) noKernel('Flatten along another axis');
  reform(node, compiler, [register.width]);
};

function axesOf(node: ProtoNode, compiler: Compiler, rank: number): readonly number[] | undefined {
  const axes = attributeOf(node, 'axes')?.ints ?? compiler.constant(node.inputs[1] ?? '')?.values;
  return axes?.map((axis) => (axis < 0 ? axis + rank : axis));
}

const squeeze: NodeCompiler = (node, compiler) => {
  const { tail } = valueOf(node, compiler);
  const axes = axesOf(node, compiler, tail.length + 1);
  if (axes === undefined || axes.includes(0)) noKernel('Squeeze of rows');
  if (axes.some((axis) => tail[axis - 1] !== 1)) noKernel('Squeeze of a size that is not 1');
  reform(
    node,
    compiler,
    tail.filter((_, i) => !axes.includes(i + 1)),
  );
};

const unsqueeze: NodeCompiler = (node, compiler) => {
  const { tail } = valueOf(node, compiler);
  const axes = axesOf(node, compiler, tail.length + 2);
  if (axes?.length !== 1 || axes[0] === undefined || axes[0] < 1) noKernel('Unsqueeze of rows');
  reform(node, compiler, tail.toSpliced(axes[0] - 1, 0, 1));
};

const concat: NodeCompiler = (node, compiler) => {
  const parts = node.inputs.map((name) => compiler.value(name));
  const [first] = parts;
  if (first === undefined || parts.some(({ tail }) => tail.length !== 1)) noKernel('Concat of other ranks');
  if (node.opType === 'Concat' && ![1, -1].includes(intAttribute(node, 'axis', 1))) noKernel('Concat of rows');
  const { kind } = first.register;
  if (parts.some(({ register }) => register.kind !== kind)) noKernel('Concat of several types');
  if (parts.length === 1) {
    identity(node, compiler);
    return;
  }
  const width = parts.reduce((sum, { register }) => sum + register.width, 0);
  const datatype = first.register.kind === 'integers' ? first.register.datatype : kind === 'floats' ? 'FP32' : 'BYTES';
  const y = registerFor(datatype, [width]) ?? noKernel(datatype);
  compiler.define(node.outputs[0] ?? '', y);
  const columns = parts.map(({ register }) => register);
  compiler.push(({ rows }) => {
    let start = 0;
    for (const x of columns) {
      for (let row = 0; row < rows; row += 1)
        for (let i = 0; i < x.width; i += 1) y.data[row * width + start + i] = x.data[row * x.width + i] as never;
      start += x.width;
    }
  });
};

const featureVectorizer: NodeCompiler = (node, compiler) => {
  const widths = attributeOf(node, 'inputdimensions')?.ints ?? [];
  if (
    node.inputs.some(
      (name, i) => compiler.value(name).register.width !== widths[i] || compiler.value(name).register.kind !== 'floats',
    )
  )
    noKernel('FeatureVectorizer of other widths');
  concat(node, compiler);
};

const FLOAT = 1;
const INT32 = 6;
const INT64 = 7;
const TEXT = 8;
const BOOL = 9;
const TYPES = { INT32, INT64, BOOL } as const;

function typeOf(register: Register): number {
  if (register.kind === 'floats') return FLOAT;
  if (register.kind === 'texts') return TEXT;
  return TYPES[register.datatype];
}

const cast: NodeCompiler = (node, compiler) => {
  const name = node.inputs[0] ?? '';
  const { register: x, tail } = compiler.anyValue(name);
  if (compiler.isAcross(name)) compiler.markAcross(node.outputs[0] ?? '');
  const to = intAttribute(node, 'to', 0);
  if (to === typeOf(x)) {
    compiler.alias(node.outputs[0] ?? '', x, tail);
    return;
  }
  if (x.kind === 'texts' || ![FLOAT, INT32, INT64].includes(to)) noKernel(`Cast to type ${to}`);
  // a float that no integer can hold becomes what the processor makes of it
  if (x.kind === 'floats') noKernel('Cast of floats to integers');
  const y =
    to === FLOAT ? compiler.newFloats(node, tail) : compiler.newIntegers(node, tail, to === INT64 ? 'INT64' : 'INT32');
  const narrow = to === INT32;
  compiler.push(({ rows }) => {
    for (let i = 0; i < rows * x.width; i += 1) y.data[i] = narrow ? (x.data[i] as number) | 0 : (x.data[i] as number);
  });
};

/** Columns picked by constant indices: Gather along axis 1, ArrayFeatureExtractor. */
function pick(node: ProtoNode, compiler: Compiler, indices: readonly number[], tail: readonly number[]): void {
  const { register: x, tail: from } = valueOf(node, compiler);
  const picked = indices.map((index) => (index < 0 ? index + x.width : index));
  if (from.length !== 1 || picked.some((index) => index < 0 || index >= x.width)) noKernel('a pick of columns');
  if (picked.length === x.width && picked.every((index, i) => index === i)) {
    reform(node, compiler, tail);
    return;
  }
  const datatype = x.kind === 'integers' ? x.datatype : x.kind === 'floats' ? 'FP32' : 'BYTES';
  const y = registerFor(datatype, tail) ?? noKernel(datatype);
  compiler.define(node.outputs[0] ?? '', y);
  compiler.push(({ rows }) => {
    for (let row = 0; row < rows; row += 1)
      for (let i = 0; i < picked.length; i += 1)
        y.data[row * picked.length + i] = x.data[row * x.width + (picked[i] as number)] as never;
  });
}

const gather: NodeCompiler = (node, compiler) => {
  const indices = compiler.constant(node.inputs[1] ?? '') ?? noKernel('Gather by computed indices');
  if (![1, -1].includes(intAttribute(node, 'axis', 0)) || indices.dims.length > 1) noKernel('Gather of rows');
  pick(node, compiler, indices.values, indices.dims);
};

/** Columns by constant indices, or the labels of computed ones out of a table: then the shape is [1, rows]. */
const arrayFeatureExtractor: NodeCompiler = (node, compiler) => {
  const constant = compiler.constant(node.inputs[1] ?? '');
  if (constant !== undefined) {
    pick(node, compiler, constant.values, [constant.values.length]);
    return;
  }
  const { register: index } = compiler.value(node.inputs[1] ?? '');
  if (index.kind !== 'integers' || index.width !== 1) noKernel('ArrayFeatureExtractor by several columns');
  compiler.markAcross(node.outputs[0] ?? '');
  const pool = compiler.pool(node.inputs[0] ?? '');
  if (pool === undefined) {
    lookUpIntegers(node, compiler, index);
    return;
  }
  const y = compiler.newTexts(node, []);
  compiler.push(({ rows, memory, at }) => {
    const [ends, units] = [at[pool.ends.index] as number, at[pool.units.index] as number];
    for (let row = 0; row < rows; row += 1) y.data[row] = textAt(memory, ends, units, index.data[row] as number);
  });
};

function lookUpIntegers(node: ProtoNode, compiler: Compiler, index: Integers): void {
  const operand = compiler.operand(node, 0);
  if (!('weight' in operand) || operand.weight.spec.shape.length !== 1)
    noKernel('ArrayFeatureExtractor of another table');
  const { weight } = operand;
  const { dtype } = weight.spec;
  if (dtype !== 'I64' && dtype !== 'I32') noKernel(`a table of ${dtype}`);
  const y = compiler.newIntegers(node, [], dtype === 'I64' ? 'INT64' : 'INT32');
  compiler.push(({ rows, memory, at }) => {
    const start = at[weight.index] as number;
    for (let row = 0; row < rows; row += 1) {
      const i = index.data[row] as number;
      y.data[row] = dtype === 'I64' ? int64At(memory, start + 8 * i) : (memory.i32[(start >> 2) + i] as number);
    }
  });
}

const argMax: NodeCompiler = (node, compiler) => {
  const x = compiler.floats(node);
  if (![1, -1].includes(intAttribute(node, 'axis', 0)) || compiler.tail(node).length !== 1) noKernel('ArgMax of rows');
  if (intAttribute(node, 'select_last_index', 0) !== 0) noKernel('ArgMax of the last');
  const y = compiler.newIntegers(node, intAttribute(node, 'keepdims', 1) === 1 ? [1] : [], 'INT64');
  compiler.push(({ rows }) => {
    for (let row = 0; row < rows; row += 1) {
      let best = 0;
      for (let i = 1; i < x.width; i += 1)
        if ((x.data[row * x.width + i] as number) > (x.data[row * x.width + best] as number)) best = i;
      y.data[row] = best;
    }
  });
};

export const SHAPE_OPS: Readonly<Record<string, NodeCompiler>> = {
  ':Identity': identity,
  ':Reshape': reshape,
  ':Flatten': flatten,
  ':Squeeze': squeeze,
  ':Unsqueeze': unsqueeze,
  ':Concat': concat,
  ':Cast': cast,
  ':Gather': gather,
  ':ArgMax': argMax,
  'ai.onnx.ml:FeatureVectorizer': featureVectorizer,
  'ai.onnx.ml:ArrayFeatureExtractor': arrayFeatureExtractor,
};
