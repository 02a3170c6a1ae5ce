import type { ProtoNode } from '../skeleton/onnx-proto.js';
import { noKernel, type Compiler } from './compiler.js';
import { int64At, textAt, type Frame } from './frame.js';

/** Writes the label of a class into the first output of a classifier. */
export interface LabelWriter {
  readonly count: number;
  write(frame: Frame, row: number, index: number): void;
}

/** Labels are integers or strings, and weights: tenants have their own. */
export function labelWriter(node: ProtoNode, compiler: Compiler, integersName: string): LabelWriter {
  const pool = compiler.attributePool(node, 'classlabels_strings');
  if (pool !== undefined && pool.ends.spec.shape[0] !== 0) {
    const labels = compiler.newTexts(node, []);
    return {
      count: pool.ends.spec.shape[0] ?? 0,
      write: ({ memory, at }, row, index) => {
        labels.data[row] = textAt(memory, at[pool.ends.index] as number, at[pool.units.index] as number, index);
      },
    };
  }
  const weight = compiler.attributeWeight(node, integersName) ?? noKernel(`${node.opType} without labels`);
  const labels = compiler.newIntegers(node, [], 'INT64');
  return {
    count: weight.spec.shape[0] ?? 0,
    write: ({ memory, at }, row, index) => {
      labels.data[row] = int64At(memory, (at[weight.index] as number) + 8 * index);
    },
  };
}
