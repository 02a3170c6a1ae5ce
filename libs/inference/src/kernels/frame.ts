/** Bytes that hold weights, seen as each type that kernels read. Little-endian, as the layout is and as every machine that we run on. */
export class WeightMemory {
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly i32: Int32Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;

  constructor(readonly buffer: ArrayBuffer) {
    this.u8 = new Uint8Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.f32 = new Float32Array(buffer);
    this.f64 = new Float64Array(buffer);
  }
}

/** What the steps of a plan look at while one model runs: how many rows, and where the weights of this model lie. */
export class Frame {
  rows = 0;
  memory: WeightMemory;
  /** Byte offset in `memory` of each weight tensor, by its number in the skeleton. */
  readonly at: Int32Array;
  /** First and second size of each weight tensor; 1 where it has none. */
  readonly size0: Int32Array;
  readonly size1: Int32Array;

  constructor(tensors: number) {
    this.memory = new WeightMemory(new ArrayBuffer(0));
    this.at = new Int32Array(tensors);
    this.size0 = new Int32Array(tensors).fill(1);
    this.size1 = new Int32Array(tensors).fill(1);
  }
}

/** Part of a run. */
export type Step = (frame: Frame) => void;

const TWO_32 = 2 ** 32;

/** An I64 weight as a number; they are checked to be below 2^53. */
export function int64At({ i32 }: WeightMemory, byteOffset: number): number {
  const at = byteOffset >> 2;
  return (i32[at + 1] as number) * TWO_32 + ((i32[at] as number) >>> 0);
}

/** String `index` of the pool whose ends and units lie at these offsets. */
export function textAt({ i32, u16 }: WeightMemory, endsAt: number, unitsAt: number, index: number): string {
  const ends = endsAt >> 2;
  const start = index === 0 ? 0 : (i32[ends + index - 1] as number);
  const units = unitsAt >> 1;
  return String.fromCharCode(...u16.subarray(units + start, units + (i32[ends + index] as number)));
}

/** Whether string `index` of a pool is `text`. */
export function isTextAt(
  memory: WeightMemory,
  offsets: readonly [number, number],
  index: number,
  text: string,
): boolean {
  const { i32, u16 } = memory;
  const ends = offsets[0] >> 2;
  const start = index === 0 ? 0 : (i32[ends + index - 1] as number);
  if ((i32[ends + index] as number) - start !== text.length) return false;
  const units = (offsets[1] >> 1) + start;
  for (let i = 0; i < text.length; i += 1) if (u16[units + i] !== text.charCodeAt(i)) return false;
  return true;
}
