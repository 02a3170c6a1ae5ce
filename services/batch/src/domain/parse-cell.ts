import type { TensorSpec } from './batch-job.js';

const INTEGER_BOUNDS: Readonly<Record<string, readonly [bigint, bigint]>> = {
  UINT8: [0n, 255n],
  UINT16: [0n, 65_535n],
  UINT32: [0n, 4_294_967_295n],
  UINT64: [0n, 2n ** 64n - 1n],
  INT8: [-128n, 127n],
  INT16: [-32_768n, 32_767n],
  INT32: [-2_147_483_648n, 2_147_483_647n],
  INT64: [-(2n ** 63n), 2n ** 63n - 1n],
};
const BOOLEANS: ReadonlyMap<string, number> = new Map([
  ['true', 1],
  ['1', 1],
  ['false', 0],
  ['0', 0],
]);
const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

export type Cell =
  { readonly ok: true; readonly value: number | bigint | string } | { readonly ok: false; readonly error: string };

const good = (value: number | bigint | string): Cell => ({ ok: true, value });
const bad = (error: string): Cell => ({ ok: false, error });

/**
 * A field of a file as the model takes it, by the rules of a real-time request: a number is read as a double and rounded to the input's type.
 * A missing number is NaN, a missing text is ''; a missing whole number or truth value is an error.
 */
export function parseCell(text: string | null, datatype: TensorSpec['datatype']): Cell {
  if (datatype === 'BYTES') return good(text ?? '');
  const trimmed = text?.trim() ?? '';
  if (datatype === 'FP32' || datatype === 'FP64') return parseFloating(trimmed, datatype);
  if (trimmed === '') return bad(`is missing; a ${datatype} is needed`);
  return datatype === 'BOOL' ? parseBoolean(trimmed) : parseInteger(trimmed, datatype);
}

function parseBoolean(text: string): Cell {
  const value = BOOLEANS.get(text.toLowerCase());
  return value === undefined ? bad('is no truth value; allowed: true, false, 1, 0') : good(value);
}

function parseInteger(text: string, datatype: string): Cell {
  const bounds = INTEGER_BOUNDS[datatype];
  if (bounds === undefined) return bad(`can't be read: ${datatype} is not supported in files`);
  const value = wholeNumber(text);
  if (value === undefined) return bad('is no whole number');
  if (value < bounds[0] || value > bounds[1]) return bad(`is outside of ${datatype}: ${bounds[0]} … ${bounds[1]}`);
  return good(datatype === 'INT64' || datatype === 'UINT64' ? value : Number(value));
}

/** `5`, and also `5.0` and `5e0`: tools write whole numbers so when others of the column are missing. */
function wholeNumber(text: string): bigint | undefined {
  // BigInt() takes no plus sign
  if (/^[+-]?\d{1,20}$/.test(text)) return BigInt(text.replace(/^\+/, ''));
  const value = DECIMAL.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? BigInt(value) : undefined;
}

function parseFloating(text: string, datatype: 'FP32' | 'FP64'): Cell {
  if (text === '' || text.toLowerCase() === 'nan') return good(Number.NaN);
  if (!DECIMAL.test(text)) return bad('is no finite number');
  const value = Number(text);
  const stored = datatype === 'FP32' ? Math.fround(value) : value;
  return Number.isFinite(stored) ? good(value) : bad(`is out of the range of ${datatype}`);
}
