/// <reference lib="esnext.float16" />
import type { Datatype } from './tensor.js';

/** Floats of 16 bits; tensors hold their bits. FP16 is IEEE 754 binary16, BF16 the upper half of a single. */
export type HalfDatatype = 'FP16' | 'BF16';

const halves = new Float16Array(1);
const bitsOfHalf = new Uint16Array(halves.buffer);
const singles = new Float32Array(1);
const bitsOfSingle = new Uint32Array(singles.buffer);
const BF16_NAN = 0x7fc0;

export function isHalf(datatype: Datatype): datatype is HalfDatatype {
  return datatype === 'FP16' || datatype === 'BF16';
}

/** The bits of the number of the type that is nearest, of two the even one; those of an infinity for what is beyond its range. */
export function halfBits(datatype: HalfDatatype, value: number): number {
  if (datatype === 'BF16') return bfloatBits(value);
  halves[0] = value;
  return bitsOfHalf[0] as number;
}

/** The number that bits stand for, exactly. */
export function halfValue(datatype: HalfDatatype, bits: number): number {
  if (datatype === 'FP16') {
    bitsOfHalf[0] = bits;
    return halves[0] as number;
  }
  bitsOfSingle[0] = bits << 16;
  return singles[0] as number;
}

function bfloatBits(value: number): number {
  if (Number.isNaN(value)) return BF16_NAN;
  singles[0] = value;
  const [bits = 0] = bitsOfSingle;
  const [single = 0] = singles;
  // rounded twice: what only became a tie in single precision goes where the number was
  if ((bits & 0xffff) === 0x8000 && single !== value)
    return (bits >>> 16) + (Math.abs(value) > Math.abs(single) ? 1 : 0);
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}
