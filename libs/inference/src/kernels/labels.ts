import type { ProtoNode } from '../skeleton/onnx-proto.js';
import { noKernel, type Compiler } from './compiler.js';
import { int64At, textAt, type Frame } from './frame.js';

/** Writes the label of a class into the first output of a classifier. */
export interface LabelWriter {
  readonly count: number;
  write(frame: Frame, row: number, index: number): void;
  /** 1 or 0 whatever the integer labels are; of strings, the second or the first. */
  writeLiteral(frame: Frame, row: number, value: 0 | 1): void;
}

/** Labels are integers or strings, and weights: tenants have their own. */
export function labelWriter(node: ProtoNode, compiler: Compiler, integersName: string): LabelWriter {
  const pool = compiler.attributePool(node, 'classlabels_strings');
  if (pool !== undefined && pool.ends.spec.shape[0] !== 0) {
    const labels = compiler.newTexts(node, []);
    const write: LabelWriter['write'] = ({ memory, at }, row, index) => {
      labels.data[row] = textAt(memory, at[pool.ends.index] as number, at[pool.units.index] as number, index);
    };
    return { count: pool.ends.spec.shape[0] ?? 0, write, writeLiteral: write };
  }
  const weight = compiler.attributeWeight(node, integersName) ?? noKernel(`${node.opType} without labels`);
  const labels = compiler.newIntegers(node, [], 'INT64');
  return {
    count: weight.spec.shape[0] ?? 0,
    write: ({ memory, at }, row, index) => {
      labels.data[row] = int64At(memory, (at[weight.index] as number) + 8 * index);
    },
    writeLiteral: (_frame, row, value) => {
      labels.data[row] = value;
    },
  };
}
