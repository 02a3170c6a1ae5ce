/// <reference lib="es2024.string" />
import { halfBits, halfValue, isHalf, type HalfDatatype } from './half-floats.js';
import type { Datatype, TensorData } from './tensor.js';
import { newTensorData } from './tensor.js';

/** Where a value is wrong: its index in the flattened data, what was there, and what belongs there. */
export interface ValueFault {
  readonly index: number;
  readonly detail: string;
}

const INT_RANGES: Readonly<Partial<Record<Datatype, readonly [number, number]>>> = {
  INT8: [-128, 127],
  UINT8: [0, 255],
  UINT16: [0, 65_535],
  UINT32: [0, 4_294_967_295],
  INT16: [-32_768, 32_767],
  INT32: [-2_147_483_648, 2_147_483_647],
};

function shown(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

/** Floats: null is a missing value, NaN; what doesn't fit the type is refused rather than made infinite. */
function fillFloats(
  values: readonly unknown[],
  into: Float32Array | Float64Array,
  datatype: Datatype,
): ValueFault | undefined {
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i];
    if (typeof value === 'number') {
      into[i] = value;
      const stored = into[i] as number;
      if (stored - stored !== 0) return outOfRange(i, value, datatype);
    } else if (value === null) into[i] = NaN;
    else return noFloat(i, value, datatype);
  }
  return undefined;
}

/** The same for floats of 16 bits. */
function fillHalves(values: readonly unknown[], into: Uint16Array, datatype: HalfDatatype): ValueFault | undefined {
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i];
    if (typeof value !== 'number' && value !== null) return noFloat(i, value, datatype);
    const bits = halfBits(datatype, value ?? NaN);
    if (value !== null && !Number.isFinite(halfValue(datatype, bits))) return outOfRange(i, value, datatype);
    into[i] = bits;
  }
  return undefined;
}

function outOfRange(index: number, value: number, datatype: Datatype): ValueFault {
  return { index, detail: `${shown(value)} is out of the range of ${datatype}` };
}

function noFloat(index: number, value: unknown, datatype: Datatype): ValueFault {
  return { index, detail: `${shown(value)} was sent; ${datatype} takes a number, or null for a missing value` };
}

function fillInts(
  values: readonly unknown[],
  into: Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array,
  datatype: Datatype,
): ValueFault | undefined {
  const [min, max] = INT_RANGES[datatype] ?? [0, 0];
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i];
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
      return { index: i, detail: `${shown(value)} was sent; ${datatype} takes a whole number from ${min} to ${max}` };
    into[i] = value;
  }
  return undefined;
}

/** JSON numbers beyond 2^53 have lost digits before they get here, so they are refused. */
function fillBigInts(
  values: readonly unknown[],
  into: BigInt64Array | BigUint64Array,
  datatype: Datatype,
): ValueFault | undefined {
  const min = datatype === 'UINT64' ? 0 : -Infinity;
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i];
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min)
      return {
        index: i,
        detail: `${shown(value)} was sent; ${datatype} takes a whole number ${min === 0 ? 'from 0 ' : ''}of at most 53 bits in JSON`,
      };
    into[i] = BigInt(value);
  }
  return undefined;
}

function fillBooleans(values: readonly unknown[], into: Uint8Array): ValueFault | undefined {
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i];
    if (typeof value !== 'boolean') return { index: i, detail: `${shown(value)} was sent; BOOL takes true or false` };
    into[i] = value ? 1 : 0;
  }
  return undefined;
}

function checkStrings(values: readonly unknown[]): ValueFault | undefined {
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i];
    if (typeof value !== 'string') return { index: i, detail: `${shown(value)} was sent; BYTES takes a string` };
    if (!value.isWellFormed())
      return { index: i, detail: 'half of a surrogate pair was sent; strings of models are UTF-8, which has none' };
  }
  return undefined;
}

/** Checks flat JSON values and makes a tensor's data of them. */
export function parseValues(datatype: Datatype, values: readonly unknown[]): TensorData | ValueFault {
  if (datatype === 'BYTES') return checkStrings(values) ?? (values as string[]);
  const into = newTensorData(datatype, values.length);
  return fill(datatype, values, into) ?? into;
}

function fill(datatype: Datatype, values: readonly unknown[], into: TensorData): ValueFault | undefined {
  if (isHalf(datatype)) return fillHalves(values, into as Uint16Array, datatype);
  switch (datatype) {
    case 'FP32':
    case 'FP64':
      return fillFloats(values, into as Float64Array, datatype);
    case 'INT64':
    case 'UINT64':
      return fillBigInts(values, into as BigInt64Array, datatype);
    case 'BOOL':
      return fillBooleans(values, into as Uint8Array);
    default:
      return fillInts(values, into as Int32Array, datatype);
  }
}

export function isValueFault(value: TensorData | ValueFault): value is ValueFault {
  return 'detail' in value;
}
