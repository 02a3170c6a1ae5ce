import { IS_EQUAL } from '../skeleton/tree-tables.js';
import type { Frame } from './frame.js';
import type { WeightRef } from './compiler.js';

/** Where the tables of an ensemble are. */
export interface TreeRefs {
  readonly keys: WeightRef;
  readonly words: WeightRef;
  readonly leaves: WeightRef;
  /** Of `linked` only. */
  readonly links: WeightRef | undefined;
  readonly roots: WeightRef | undefined;
}

const bits = new Int32Array(1);
const single = new Float32Array(bits.buffer);
const LOWEST = -0x80000000;

/** Two keys a feature: NaN above all numbers (goes to `no`), NaN below all (goes to `yes`). */
export function rowKeys(x: Float32Array, start: number, width: number, keys: Int32Array): void {
  for (let i = 0; i < width; i += 1) {
    const value = x[start + i] as number;
    single[0] = value;
    const pattern = bits[0] as number;
    const key = value === 0 ? 0 : pattern ^ ((pattern >> 31) & 0x7fffffff);
    // one NaN may have its sign set
    keys[2 * i] = value === value ? key : 0x7fffffff;
    keys[2 * i + 1] = value === value ? key : LOWEST;
  }
}

/**
 * Walks a row through all trees of one depth; `found[tree]` becomes the leaf's number within its tree. Four trees go side by side, without branches: each step waits for memory,
 * and what four wait for is fetched at once. `(k < x)` of integers is the sign of `k − x`, put right where the difference overflows.
 */
export function walkComplete(refs: TreeRefs, frame: Frame, row: Int32Array, found: Int32Array): void {
  const { i32, u16 } = frame.memory;
  const trees = frame.size0[refs.keys.index] as number;
  const inner = frame.size1[refs.keys.index] as number;
  const keys = (frame.at[refs.keys.index] as number) >> 2;
  const words = (frame.at[refs.words.index] as number) >> 1;
  let tree = 0;
  for (; tree + 3 < trees; tree += 4) {
    const k0 = keys + tree * inner;
    const w0 = words + tree * inner;
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    while (a < inner) {
      let key = i32[k0 + a] as number;
      let x = row[u16[w0 + a] as number] as number;
      let less = (key - x) | 0;
      a = 2 * a + 1 + ((less ^ ((key ^ x) & (key ^ less))) >>> 31);
      key = i32[k0 + inner + b] as number;
      x = row[u16[w0 + inner + b] as number] as number;
      less = (key - x) | 0;
      b = 2 * b + 1 + ((less ^ ((key ^ x) & (key ^ less))) >>> 31);
      key = i32[k0 + 2 * inner + c] as number;
      x = row[u16[w0 + 2 * inner + c] as number] as number;
      less = (key - x) | 0;
      c = 2 * c + 1 + ((less ^ ((key ^ x) & (key ^ less))) >>> 31);
      key = i32[k0 + 3 * inner + d] as number;
      x = row[u16[w0 + 3 * inner + d] as number] as number;
      less = (key - x) | 0;
      d = 2 * d + 1 + ((less ^ ((key ^ x) & (key ^ less))) >>> 31);
    }
    found[tree] = a - inner;
    found[tree + 1] = b - inner;
    found[tree + 2] = c - inner;
    found[tree + 3] = d - inner;
  }
  for (; tree < trees; tree += 1) {
    let at = 0;
    while (at < inner) {
      const key = i32[keys + tree * inner + at] as number;
      const x = row[u16[words + tree * inner + at] as number] as number;
      const less = (key - x) | 0;
      at = 2 * at + 1 + ((less ^ ((key ^ x) & (key ^ less))) >>> 31);
    }
    found[tree] = at - inner;
  }
}

/** Walks a row through trees of uneven depth; `found[tree]` becomes the place of the leaf among all nodes. */
export function walkLinked(refs: TreeRefs, frame: Frame, row: Int32Array, found: Int32Array): void {
  const { i32, u16 } = frame.memory;
  const keys = (frame.at[refs.keys.index] as number) >> 2;
  const words = (frame.at[refs.words.index] as number) >> 1;
  const links = (frame.at[refs.links?.index ?? 0] as number) >> 1;
  const roots = (frame.at[refs.roots?.index ?? 0] as number) >> 2;
  const trees = frame.size0[refs.roots?.index ?? 0] as number;
  for (let tree = 0; tree < trees; tree += 1) {
    const root = i32[roots + tree] as number;
    let at = root;
    for (let link = u16[links + at] as number; link !== 0; link = u16[links + at] as number) {
      const key = i32[keys + at] as number;
      const word = u16[words + at] as number;
      const x = row[word & ~IS_EQUAL] as number;
      const less = (key - x) | 0;
      const isNo = word < IS_EQUAL ? (less ^ ((key ^ x) & (key ^ less))) >>> 31 : isUnequal(key, x, word);
      at = root + link + isNo;
    }
    found[tree] = at;
  }
}

function isUnequal(key: number, x: number, word: number): number {
  // NaN that goes to `yes` has the lowest key, as a threshold that is NaN, which equals nothing
  if (x === LOWEST) return (word & 1) === 1 ? 0 : 1;
  return key === x ? 0 : 1;
}
