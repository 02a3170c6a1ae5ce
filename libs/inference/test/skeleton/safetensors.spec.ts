import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  DTYPES,
  readSafetensors,
  SafetensorsError,
  writeSafetensors,
  type Dtype,
  type WeightTensor,
} from '../../src/skeleton/safetensors.js';

const dtype = fc.constantFrom(...(Object.keys(DTYPES) as Dtype[]));
const tensors: fc.Arbitrary<WeightTensor[]> = fc
  .uniqueArray(fc.record({ name: fc.string({ minLength: 1 }), dtype, shape: fc.array(fc.nat(4), { maxLength: 3 }) }), {
    selector: ({ name }) => name,
    maxLength: 6,
  })
  .filter((list) => list.every(({ name }) => name !== '__metadata__' && name !== '__proto__'))
  .map((list) =>
    list.map(({ name, dtype: type, shape }) => {
      const size = shape.reduce((product, n) => product * n, DTYPES[type]);
      return {
        name,
        dtype: type,
        shape,
        bytes: Uint8Array.from({ length: size }, (_, i) => (i * 7 + name.length) % 256),
      };
    }),
  );

/** A file with this header (JSON text) and so many bytes of data. */
function file(header: string, dataBytes: number, claimed?: bigint): Uint8Array {
  const json = Buffer.from(header);
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, claimed ?? BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const entry = (begin: unknown, end: unknown, more: object = {}): object => ({
  dtype: 'F32',
  shape: [2],
  data_offsets: [begin, end],
  ...more,
});
const of = (entries: object, dataBytes: number): Uint8Array => file(JSON.stringify(entries), dataBytes);

describe('safetensors', () => {
  test('what was written is read again, and lies where its type may be read', () => {
    fc.assert(
      fc.property(tensors, (given) => {
        const blob = writeSafetensors(given);
        const read = readSafetensors(blob);
        expect(new Map(read.map(({ name, ...rest }) => [name, rest]))).toEqual(
          new Map(given.map(({ name, ...rest }) => [name, rest])),
        );
        for (const { dtype: type, bytes } of read)
          if (bytes.length > 0) expect(bytes.byteOffset % DTYPES[type]).toBe(0);
      }),
    );
  });

  test('equal tensors give equal bytes', () => {
    const tensor = { name: 'w', dtype: 'F32', shape: [1], bytes: Uint8Array.of(0, 0, 128, 63) } as const;
    expect(writeSafetensors([tensor])).toEqual(writeSafetensors([{ ...tensor }]));
  });

  test.each([
    ['no bytes at all', new Uint8Array()],
    ['a header longer than the file', file('{}', 0, 3n)],
    ['a header of 2^63 bytes', file('{}', 0, 2n ** 63n)],
    ['a header of 1 GB', file('{}', 0, 1_000_000_000n)],
    ['a header that is no JSON', file('{"a":', 0)],
    ['a list for a header', file('[]', 0)],
    ['an entry that is a number', of({ a: 1 }, 8)],
    ['an unknown type', of({ a: entry(0, 8, { dtype: 'F33' }) }, 8)],
    ['a type of the prototype', of({ a: entry(0, 8, { dtype: 'constructor' }) }, 8)],
    ['a negative size', of({ a: entry(0, 8, { shape: [-2, -1] }) }, 8)],
    ['a size that is no integer', of({ a: entry(0, 8, { shape: [2.5] }) }, 8)],
    ['sizes whose product overflows', of({ a: entry(0, 8, { shape: [2 ** 31, 2 ** 31, 2 ** 31] }) }, 8)],
    ['a rank of 17', of({ a: entry(0, 4, { shape: Array.from({ length: 17 }, () => 1) }) }, 4)],
    ['data beyond the end', of({ a: entry(0, 16, { shape: [4] }) }, 8)],
    ['an end before the beginning', of({ a: entry(8, 0) }, 8)],
    ['offsets that are texts', of({ a: entry('0', '8') }, 8)],
    ['three offsets', of({ a: entry(0, 8, { data_offsets: [0, 8, 8] }) }, 8)],
    ['two tensors on the same bytes', of({ a: entry(0, 8), b: entry(0, 8) }, 8)],
    ['two tensors that overlap', of({ a: entry(0, 8), b: entry(4, 12) }, 12)],
    ['a gap', of({ a: entry(0, 8), b: entry(12, 20) }, 20)],
    ['data that nobody names', of({ a: entry(0, 8) }, 12)],
    [
      'the same name twice',
      file(
        '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
        8,
      ),
    ],
    ['fewer bytes than the shape needs', of({ a: entry(0, 4) }, 4)],
  ])('%s is refused', (_, bytes) => {
    expect(() => readSafetensors(bytes)).toThrow(SafetensorsError);
  });

  test('whatever is changed in a file, it is read in bounds or refused', () => {
    fc.assert(
      fc.property(
        tensors,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 }),
        fc.nat(20),
        (given, changes, cut) => {
          const blob = writeSafetensors(given);
          for (const [at, value] of changes) blob[at % blob.length] = value;
          const bytes = blob.subarray(0, blob.length - (cut > 10 ? cut : 0));
          try {
            const read = readSafetensors(bytes);
            const total = read.reduce((sum, tensor) => sum + tensor.bytes.length, 0);
            expect(total).toBeLessThanOrEqual(bytes.length);
          } catch (error) {
            expect(error).toBeInstanceOf(SafetensorsError);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('random bytes are refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => readSafetensors(bytes)).toThrow(SafetensorsError);
      }),
    );
  });
});
