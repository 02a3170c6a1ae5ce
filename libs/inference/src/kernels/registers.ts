import { elementCount, type Datatype, type Tensor } from '../tensors/tensor.js';

/**
 * Values between steps: rows × width, reused from run to run. Registers that are outputs get memory of their own in each run, since it is given away.
 * `tail` are the sizes after the rows.
 */
abstract class BaseRegister {
  readonly width: number;
  isOutput = false;
  isInput = false;

  constructor(readonly tail: readonly number[]) {
    this.width = elementCount(tail);
  }

  abstract reserve(rows: number): void;
  abstract toTensor(rows: number, tail: readonly number[]): Tensor;
}

/** FP32. */
export class Floats extends BaseRegister {
  readonly kind = 'floats';
  data = new Float32Array(0);

  reserve(rows: number): void {
    if (this.isOutput || this.data.length < rows * this.width) this.data = new Float32Array(rows * this.width);
  }

  toTensor(rows: number, tail: readonly number[]): Tensor {
    return { datatype: 'FP32', shape: [rows, ...tail], data: this.data };
  }
}

const FEW = 8;

/** Integers below 2^53; booleans are 0 and 1. */
export class Integers extends BaseRegister {
  readonly kind = 'integers';
  data = new Float64Array(0);

  constructor(
    tail: readonly number[],
    readonly datatype: 'INT64' | 'INT32' | 'BOOL',
  ) {
    super(tail);
  }

  reserve(rows: number): void {
    if (this.data.length < rows * this.width) this.data = new Float64Array(rows * this.width);
  }

  toTensor(rows: number, tail: readonly number[]): Tensor {
    const { datatype, data } = this;
    const length = rows * this.width;
    const shape = [rows, ...tail];
    if (datatype === 'INT32') return { datatype, shape, data: Int32Array.from(data.subarray(0, length)) };
    if (datatype === 'BOOL') return { datatype, shape, data: Uint8Array.from(data.subarray(0, length)) };
    const integers = new BigInt64Array(length);
    if (length < FEW) {
      for (let i = 0; i < length; i += 1) integers[i] = BigInt(data[i] as number);
      return { datatype, shape, data: integers };
    }
    // a view costs more than a few big integers, and less than many
    const halves = new Int32Array(integers.buffer);
    for (let i = 0; i < length; i += 1) {
      const value = data[i] as number;
      halves[2 * i] = value;
      halves[2 * i + 1] = Math.floor(value / 2 ** 32);
    }
    return { datatype, shape, data: integers };
  }
}

export class Texts extends BaseRegister {
  readonly kind = 'texts';
  data: string[] = [];

  reserve(): void {
    if (this.isOutput) this.data = [];
  }

  toTensor(rows: number, tail: readonly number[]): Tensor {
    return { datatype: 'BYTES', shape: [rows, ...tail], data: this.data };
  }
}

export type Register = Floats | Integers | Texts;

/** A register for values of a type; undefined for types that kernels don't compute with. */
export function registerFor(datatype: Datatype, tail: readonly number[]): Register | undefined {
  if (datatype === 'FP32') return new Floats(tail);
  if (datatype === 'INT64' || datatype === 'INT32' || datatype === 'BOOL') return new Integers(tail, datatype);
  return datatype === 'BYTES' ? new Texts(tail) : undefined;
}

/** Takes an input's values. */
export function bindInput(register: Register, tensor: Tensor): void {
  const { data } = tensor;
  if (register.kind === 'floats') register.data = data as Float32Array<ArrayBuffer>;
  else if (register.kind === 'texts') register.data = data as string[];
  else {
    register.reserve(data.length / register.width);
    for (let i = 0; i < data.length; i += 1) register.data[i] = Number(data[i]);
  }
}
