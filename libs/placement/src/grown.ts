type Numbers = Float64Array | Int32Array | Uint32Array | Uint8Array;

/** The same numbers with room for `capacity`. */
export function grown<T extends Numbers>(numbers: T, capacity: number): T {
  const larger = new (numbers.constructor as new (length: number) => T)(capacity);
  larger.set(numbers);
  return larger;
}
