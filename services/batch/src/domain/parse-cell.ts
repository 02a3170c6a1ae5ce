import type { TensorSpec } from './batch-job.js';

const INTEGER_BOUNDS: Readonly<Record<string, readonly [bigint, bigint]>> = {
  UINT8: [0n, 255n],
  INT8: [-128n, 127n],
  INT16: [-32_768n, 32_767n],
  INT32: [-2_147_483_648n, 2_147_483_647n],
  INT64: [-(2n ** 63n), 2n ** 63n - 1n],
};
const BOOLEANS: Readonly<Record<string, number>> = { true: 1, false: 0, '1': 1, '0': 0 };

export type Cell =
  { readonly ok: true; readonly value: number | bigint | string } | { readonly ok: false; readonly error: string };

const good = (value: number | bigint | string): Cell => ({ ok: true, value });
const bad = (error: string): Cell => ({ ok: false, error });

/** A field of a file as the model takes it. A missing number is NaN, a missing text is ''; a missing whole number or truth value is an error. */
export function parseCell(text: string | null, datatype: TensorSpec['datatype']): Cell {
  if (datatype === 'BYTES') return good(text ?? '');
  if (datatype === 'FP32' || datatype === 'FP64') return parseFloating(text);
  if (text === null || text === '') return bad(`is missing; a ${datatype} is needed`);
  return datatype === 'BOOL' ? parseBoolean(text) : parseInteger(text, datatype);
}

function parseBoolean(text: string): Cell {
  const value = BOOLEANS[text.toLowerCase()];
  return value === undefined ? bad('is no truth value; allowed: true, false, 1, 0') : good(value);
}

function parseInteger(text: string, datatype: string): Cell {
  const bounds = INTEGER_BOUNDS[datatype];
  if (bounds === undefined) return bad(`can't be read: ${datatype} is not supported in files`);
  if (!/^[+-]?\d{1,20}$/.test(text)) return bad('is no whole number');
  const value = BigInt(text);
  if (value < bounds[0] || value > bounds[1]) return bad(`is outside of ${datatype}: ${bounds[0]} … ${bounds[1]}`);
  return good(datatype === 'INT64' ? value : Number(value));
}

function parseFloating(text: string | null): Cell {
  if (text === null || text.trim() === '') return good(Number.NaN);
  const value = Number(text);
  return Number.isFinite(value) ? good(value) : bad('is no finite number');
}
