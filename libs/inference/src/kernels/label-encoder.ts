import { attributeOf, floatAttribute, intAttribute, stringAttribute } from '../skeleton/onnx-proto.js';
import { hashOf } from '../skeleton/string-pool.js';
import { noKernel, type Compiler, type NodeCompiler, type WeightRef } from './compiler.js';
import { int64At, isTextAt, textAt, type Frame } from './frame.js';
import type { Register } from './registers.js';
import type { ProtoNode } from '../skeleton/onnx-proto.js';

/** Finds the place of value `i` among the keys; −1 where it is none of them. The first of equal keys counts. */
type Finder = (frame: Frame, x: Register, i: number) => number;

function finder(node: ProtoNode, compiler: Compiler, x: Register): Finder {
  if (x.kind === 'texts') {
    const { hashes, ends, units } = compiler.attributePool(node, 'keys_strings') ?? noKernel('LabelEncoder of strings');
    return ({ memory, at, size0 }, { data }, i) => {
      const text = data[i] as string;
      const hash = hashOf(text) | 0;
      const start = (at[hashes.index] as number) >> 2;
      const offsets = [at[ends.index] as number, at[units.index] as number] as const;
      for (let k = 0; k < (size0[ends.index] as number); k += 1)
        if (memory.i32[start + k] === hash && isTextAt(memory, offsets, k, text)) return k;
      return -1;
    };
  }
  const isFloat = x.kind === 'floats';
  const keys: WeightRef = compiler.neededWeight(node, isFloat ? 'keys_floats' : 'keys_int64s');
  return ({ memory, at, size0 }, { data }, i) => {
    const value = data[i] as number;
    const start = at[keys.index] as number;
    for (let k = 0; k < (size0[keys.index] as number); k += 1) {
      const key = isFloat ? (memory.f32[(start >> 2) + k] as number) : int64At(memory, start + 8 * k);
      if (key === value || (Number.isNaN(key) && Number.isNaN(value))) return k;
    }
    return -1;
  };
}

export const labelEncoder: NodeCompiler = (node, compiler) => {
  const operand = compiler.operand(node, 0);
  if ('weight' in operand) noKernel('LabelEncoder of a weight');
  const { register: x } = operand;
  const find = finder(node, compiler, x);
  const tail = compiler.tail(node);
  const pool = attributeOf(node, 'values_strings') && compiler.attributePool(node, 'values_strings');
  const floats = compiler.attributeWeight(node, 'values_floats');
  if (pool !== undefined) {
    const y = compiler.newTexts(node, tail);
    const fallback = stringAttribute(node, 'default_string', '_Unused');
    compiler.push((frame) => {
      for (let i = 0; i < frame.rows * x.width; i += 1) {
        const at = find(frame, x, i);
        const offsets = [frame.at[pool.ends.index] as number, frame.at[pool.units.index] as number] as const;
        y.data[i] = at < 0 ? fallback : textAt(frame.memory, offsets[0], offsets[1], at);
      }
    });
  } else if (floats !== undefined) {
    const y = compiler.newFloats(node, tail);
    const fallback = floatAttribute(node, 'default_float', -0);
    compiler.push((frame) => {
      const start = (frame.at[floats.index] as number) >> 2;
      for (let i = 0; i < frame.rows * x.width; i += 1) {
        const at = find(frame, x, i);
        y.data[i] = at < 0 ? fallback : (frame.memory.f32[start + at] as number);
      }
    });
  } else {
    const integers = compiler.neededWeight(node, 'values_int64s');
    const y = compiler.newIntegers(node, tail, 'INT64');
    const fallback = intAttribute(node, 'default_int64', -1);
    compiler.push((frame) => {
      const start = frame.at[integers.index] as number;
      for (let i = 0; i < frame.rows * x.width; i += 1) {
        const at = find(frame, x, i);
        y.data[i] = at < 0 ? fallback : int64At(frame.memory, start + 8 * at);
      }
    });
  }
};
