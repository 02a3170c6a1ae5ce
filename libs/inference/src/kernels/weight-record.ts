import { inLayoutOrder, DTYPES, type WeightTensor } from '../skeleton/safetensors.js';
import type { WeightSpec } from '../skeleton/skeleton.js';
import type { Frame, WeightMemory } from './frame.js';

/**
 * The weights of one model in memory
 *
 * Where the skeleton says all sizes, a record is the blob's data as it is: offsets are the skeleton's. Else three words stand before it for each tensor: byte offset from the record's
 * start, first and second size.
 */
export interface RecordLayout {
  readonly isFixed: boolean;
  /** Of fixed records: bytes in all. */
  readonly sizeBytes: number;
  readonly offsets: Int32Array;
  readonly size0: Int32Array;
  readonly size1: Int32Array;
}

const WORDS = 3;

/** How records of these weights look; specs are in the order of the blob. */
export function layoutOf(weights: readonly WeightSpec[]): RecordLayout {
  const isFixed = weights.every(({ shape }) => !shape.includes(-1));
  let end = 0;
  const offsets = weights.map(({ dtype, shape }) => {
    const start = end;
    end += shape.reduce((product, size) => product * Math.max(size, 0), DTYPES[dtype]);
    return start;
  });
  return {
    isFixed,
    sizeBytes: end,
    offsets: Int32Array.from(offsets),
    size0: Int32Array.from(weights, ({ shape }) => shape[0] ?? 1),
    size1: Int32Array.from(weights, ({ shape }) => shape[1] ?? 1),
  };
}

/** The bytes of a model's record. */
export function recordOf(layout: RecordLayout, tensors: readonly WeightTensor[]): Uint8Array {
  const headBytes = layout.isFixed ? 0 : Math.ceil((tensors.length * WORDS * 4) / 8) * 8;
  const total = tensors.reduce((sum, { bytes }) => sum + bytes.length, headBytes);
  const record = new Uint8Array(total);
  const head = new Int32Array(record.buffer, 0, headBytes >> 2);
  let end = headBytes;
  for (const [i, { bytes, shape }] of inLayoutOrder(tensors).entries()) {
    if (!layout.isFixed) head.set([end, shape[0] ?? 1, shape[1] ?? 1], i * WORDS);
    record.set(bytes, end);
    end += bytes.length;
  }
  return record;
}

/** Points a frame at the record that starts at a byte of `memory`, a multiple of 8. */
export function bindRecord(layout: RecordLayout, frame: Frame, memory: WeightMemory, start: number): void {
  frame.memory = memory;
  const { at, size0, size1 } = frame;
  const { isFixed, offsets } = layout;
  const head = start >> 2;
  for (let i = 0; i < offsets.length; i += 1) {
    if (isFixed) {
      at[i] = start + (offsets[i] as number);
      size0[i] = layout.size0[i] as number;
      size1[i] = layout.size1[i] as number;
    } else {
      at[i] = start + (memory.i32[head + i * WORDS] as number);
      size0[i] = memory.i32[head + i * WORDS + 1] as number;
      size1[i] = memory.i32[head + i * WORDS + 2] as number;
    }
  }
}
