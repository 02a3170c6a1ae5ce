type Numbers = Float64Array | Int32Array | Uint32Array | Uint16Array | Uint8Array;

/** The same numbers, in a column with room for `row`; twice as long where there was none. */
export function grown<T extends Numbers>(column: T, row: number): T {
  if (row < column.length) return column;
  const larger = new (column.constructor as new (length: number) => T)(Math.max(64, 2 * column.length, row + 1));
  larger.set(column);
  return larger;
}
