import { ProblemError } from '@myriad/kernel';
import fc from 'fast-check';
import { describe, expect, test } from '@jest/globals';
import {
  compareOutputs,
  elementCount,
  EXACT,
  formatInferResponse,
  parseInferRequest,
  parseParity,
  sliceRows,
  toV2Tensor,
  type Datatype,
  type InferOptions,
  type Signature,
  type Tensor,
} from '../src/index.js';

const signature: Signature = {
  inputs: [
    { name: 'month', datatype: 'FP32', shape: [-1, 1] },
    { name: 'origin', datatype: 'BYTES', shape: [-1, 1] },
  ],
  outputs: [
    { name: 'label', datatype: 'INT64', shape: [-1] },
    { name: 'probability', datatype: 'FP32', shape: [-1] },
  ],
};
const month = (data: unknown[], shape: unknown = [data.length, 1]): object => ({
  name: 'month',
  datatype: 'FP32',
  shape,
  data,
});
const origin = (data: unknown[], shape: unknown = [data.length, 1]): object => ({
  name: 'origin',
  datatype: 'BYTES',
  shape,
  data,
});

function refusal(json: unknown, of: Signature = signature, limits?: InferOptions): ProblemError {
  try {
    parseInferRequest(json, of, limits);
  } catch (error) {
    if (error instanceof ProblemError) return error;
    throw error;
  }
  throw new Error('the request was accepted');
}

describe('parseInferRequest', () => {
  test('takes flat and nested data, null as missing, id, parameters and selected outputs', () => {
    const flat = parseInferRequest(
      {
        id: 'r1',
        parameters: { a: 1 },
        inputs: [month([1, null]), origin(['JFK', 'EWR'])],
        outputs: [{ name: 'probability' }],
      },
      signature,
    );
    expect(flat).toMatchObject({ id: 'r1', rows: 2, outputs: ['probability'] });
    expect(flat.inputs['month']).toEqual({ datatype: 'FP32', shape: [2, 1], data: Float32Array.from([1, NaN]) });
    expect(flat.inputs['origin']?.data).toEqual(['JFK', 'EWR']);
    const nested = parseInferRequest(
      { inputs: [month([[1], [null]], [2, 1]), origin([['JFK'], ['EWR']], [2, 1])] },
      signature,
    );
    expect(nested.inputs).toEqual(flat.inputs);
    expect(nested.outputs).toBeUndefined();
  });

  test.each([
    ['no object', [], 'request_invalid', ''],
    ['no inputs', {}, 'request_invalid', '/inputs'],
    ['an unknown member', { inputs: [month([1]), origin(['a'])], extra: 1 }, 'request_invalid', '/extra'],
    ['a numeric id', { id: 5, inputs: [month([1]), origin(['a'])] }, 'request_invalid', '/id'],
    ['a missing input', { inputs: [month([1])] }, 'input_missing', '/inputs'],
    [
      'an unexpected input',
      { inputs: [month([1]), origin(['a']), { ...month([1]), name: 'year' }] },
      'input_unexpected',
      '/inputs/2/name',
    ],
    ['an input twice', { inputs: [month([1]), origin(['a']), month([1])] }, 'input_duplicate', '/inputs/2/name'],
    [
      'another datatype',
      { inputs: [{ ...month([1]), datatype: 'FP64' }, origin(['a'])] },
      'datatype_mismatch',
      '/inputs/0/datatype',
    ],
    ['another rank', { inputs: [month([1], [1]), origin(['a'])] }, 'shape_mismatch', '/inputs/0/shape'],
    [
      'another fixed dimension',
      { inputs: [month([1, 2], [1, 2]), origin(['a'])] },
      'shape_mismatch',
      '/inputs/0/shape',
    ],
    ['a negative dimension', { inputs: [month([1], [-1, 1]), origin(['a'])] }, 'shape_mismatch', '/inputs/0/shape'],
    ['a shape that is no list', { inputs: [month([1], 1), origin(['a'])] }, 'shape_mismatch', '/inputs/0/shape'],
    [
      'fewer values than the shape says',
      { inputs: [month([1], [2, 1]), origin(['a', 'b'])] },
      'shape_mismatch',
      '/inputs/0/data',
    ],
    [
      'ragged nested data',
      { inputs: [month([[1], [2, 3]], [2, 1]), origin(['a', 'b'])] },
      'shape_mismatch',
      '/inputs/0/data',
    ],
    [
      'data nested too deep',
      { inputs: [month([[[1]], [[2]]], [2, 1]), origin(['a', 'b'])] },
      'value_invalid',
      '/inputs/0/data/0',
    ],
    ['different numbers of rows', { inputs: [month([1, 2]), origin(['a'])] }, 'shape_mismatch', '/inputs'],
    ['no rows', { inputs: [month([], [0, 1]), origin([], [0, 1])] }, 'shape_mismatch', '/inputs'],
    ['a string for a number', { inputs: [month(['1']), origin(['a'])] }, 'value_invalid', '/inputs/0/data/0'],
    ['the word NaN', { inputs: [month([1, 'NaN']), origin(['a', 'b'])] }, 'value_invalid', '/inputs/0/data/1'],
    ['a number beyond FP32', { inputs: [month([1e39]), origin(['a'])] }, 'value_invalid', '/inputs/0/data/0'],
    [
      'an infinity that JSON made of 1e999',
      { inputs: [month([JSON.parse('1e999')]), origin(['a'])] },
      'value_invalid',
      '/inputs/0/data/0',
    ],
    ['null in a string input', { inputs: [month([1]), origin([null])] }, 'value_invalid', '/inputs/1/data/0'],
    [
      'an unknown output',
      { inputs: [month([1]), origin(['a'])], outputs: [{ name: 'nope' }] },
      'output_unknown',
      '/outputs/0',
    ],
  ])('%s is refused, with a pointer', (_name, json, code, pointer) => {
    const error = refusal(json);
    expect(error.kind).toBe('invalid');
    expect(error.code).toBe(`inference.${code}`);
    expect(error.errors[0]?.pointer).toBe(pointer);
  });

  test('a refusal names the input, what was sent and what the model takes', () => {
    expect(refusal({ inputs: [{ ...month([1]), datatype: 'INT32' }, origin(['a'])] }).message).toBe(
      "input 'month' was sent as INT32; the model takes FP32",
    );
    expect(refusal({ inputs: [month([1], [1]), origin(['a'])] }).message).toContain(
      "input 'month' was sent with shape [1]; the model takes [-1, 1]",
    );
  });

  test('all faults are told at once, up to twenty', () => {
    expect(refusal({ inputs: [{ ...month([1]), datatype: 'X' }] }).errors).toHaveLength(2);
    expect(refusal({ inputs: Array.from({ length: 100 }, () => 5) }).errors).toHaveLength(20);
  });

  test('pointers are escaped, and a fault is never as long as what was sent', () => {
    const name = 'x'.repeat(1_000_000);
    const error = refusal({ inputs: [{ ...month([1]), name }], 'a/b~c': 1 });
    expect(error.errors.map((item) => item.pointer)).toContain('/a~1b~0c');
    expect(JSON.stringify([error.message, error.errors]).length).toBeLessThan(6_000);
  });

  test('a million rows are refused before a value is read, with a word on what to do', () => {
    const error = refusal({ inputs: [{ ...month([]), shape: [1_000_000, 1] }, origin([])] });
    expect(error.kind).toBe('too-large');
    expect(error.code).toBe('inference.too_many_rows');
    expect(error.message).toContain('batch job');
    expect(refusal({ inputs: [month([1, 2, 3]), origin(['a', 'b', 'c'])] }, signature, { maxRows: 2 }).code).toBe(
      'inference.too_many_rows',
    );
  });

  test.each([
    ['INT8', [-128, 127], [128, -129, 1.5, '1', null, true]],
    ['UINT8', [0, 255], [256, -1, 0.1, null]],
    ['UINT16', [0, 65_535], [65_536, -1, 0.1, null]],
    ['UINT32', [0, 2 ** 32 - 1], [2 ** 32, -1, 0.1, null]],
    ['UINT64', [0, 2 ** 53 - 1], [2 ** 53, -1, 0.5, '1', null]],
    ['FP16', [65_504, -65_519.9, 1e-9, null], [65_520, 'x', true, []]],
    ['BF16', [3.3895e38, null], [3.4e38, 'x', true, []]],
    ['INT16', [-32768, 32767], [32768]],
    ['INT32', [-(2 ** 31), 2 ** 31 - 1], [2 ** 31]],
    ['INT64', [-(2 ** 53) + 1, 2 ** 53 - 1], [2 ** 53, 0.5, '1', null]],
    ['BOOL', [true, false], [1, 'true', null]],
    ['BYTES', ['', '𝄞'], ['\ud834', 1, null]],
    ['FP64', [1e300, null], ['x', true, []]],
  ] as const)('%s takes its range and nothing else', (datatype, good, bad) => {
    const of: Signature = { inputs: [{ name: 'x', datatype, shape: [-1] }], outputs: [] };
    const send = (data: readonly unknown[]): object => ({
      inputs: [{ name: 'x', datatype, shape: [data.length], data }],
    });
    expect(parseInferRequest(send(good), of).rows).toBe(good.length);
    for (const value of bad) expect(refusal(send([good[0], value]), of).code).toBe('inference.value_invalid');
  });

  test('a name like a member of Object.prototype is only a name', () => {
    const of: Signature = { inputs: [{ name: 'constructor', datatype: 'FP32', shape: [-1] }], outputs: [] };
    expect(refusal({ inputs: [] }, of).code).toBe('inference.input_missing');
    const proto = JSON.parse('{"inputs":[{"name":"__proto__","datatype":"FP32","shape":[1],"data":[1]}]}') as unknown;
    expect(refusal(proto, of).code).toBe('inference.input_unexpected');
  });

  test('anything at all is answered with a problem, never with a crash', () => {
    fc.assert(
      fc.property(fc.anything(), (json) => {
        expect(refusal({ inputs: [json] })).toBeInstanceOf(ProblemError);
        expect(refusal(json)).toBeInstanceOf(ProblemError);
      }),
    );
  });
});

describe('a tensor through JSON and back', () => {
  const values: Readonly<Record<Datatype, fc.Arbitrary<unknown>>> = {
    FP32: fc.oneof(
      fc.float({ noDefaultInfinity: true }),
      fc.constantFrom(-0, 1.1754943508222875e-38, 3.4028234663852886e38),
    ),
    FP64: fc.double({ noDefaultInfinity: true }),
    INT64: fc.maxSafeInteger().map(BigInt),
    INT32: fc.integer(),
    INT16: fc.integer({ min: -32768, max: 32767 }),
    INT8: fc.integer({ min: -128, max: 127 }),
    UINT8: fc.integer({ min: 0, max: 255 }),
    UINT16: fc.integer({ min: 0, max: 65_535 }),
    UINT32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    UINT64: fc.maxSafeNat().map(BigInt),
    // finite ones, of both signs: below the bits of infinity
    FP16: fc.nat(0x7bff).chain((bits) => fc.constantFrom(bits, bits | 0x8000)),
    BF16: fc.nat(0x7f7f).chain((bits) => fc.constantFrom(bits, bits | 0x8000)),
    BOOL: fc.constantFrom(0, 1),
    BYTES: fc.string({ unit: 'binary' }),
  };
  const makers = {
    FP32: Float32Array,
    FP64: Float64Array,
    INT64: BigInt64Array,
    INT32: Int32Array,
    INT16: Int16Array,
    INT8: Int8Array,
    UINT8: Uint8Array,
    UINT16: Uint16Array,
    UINT32: Uint32Array,
    UINT64: BigUint64Array,
    FP16: Uint16Array,
    BF16: Uint16Array,
    BOOL: Uint8Array,
  };
  const datatypes = Object.keys(values) as (keyof typeof values)[];
  const tensors = fc.constantFrom(...datatypes).chain((datatype) =>
    fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }).chain((shape) => {
      const length = elementCount(shape);
      return fc.array(values[datatype], { minLength: length, maxLength: length }).map((items): Tensor => {
        const data =
          datatype === 'BYTES'
            ? (items as string[])
            : (makers[datatype] as { from(x: unknown[]): Float64Array }).from(items);
        return { datatype, shape, data };
      });
    }),
  );

  test('keeps every bit, as the text of an answer and as an object', () => {
    fc.assert(
      fc.property(tensors, (tensor) => {
        const of: Signature = {
          inputs: [{ name: 'y', datatype: tensor.datatype, shape: tensor.shape.map(() => -1) }],
          outputs: [],
        };
        const text = formatInferResponse({ modelName: 'm', modelVersion: '1', id: 'i', outputs: ['y'] }, { y: tensor });
        const answer = JSON.parse(text) as { outputs: unknown[] };
        expect(answer).toMatchObject({ model_name: 'm', model_version: '1', id: 'i' });
        for (const sent of [answer.outputs, [toV2Tensor('y', tensor)]]) {
          const back = parseInferRequest({ inputs: sent }, of).inputs;
          expect(compareOutputs(back, { y: tensor }, EXACT).firstDifference).toBeUndefined();
        }
      }),
      { numRuns: 300 },
    );
  });

  test('rows cut out and put together are the whole', () => {
    fc.assert(
      fc.property(tensors, fc.nat(), (tensor, at) => {
        const rows = tensor.shape[0]!;
        const cut = at % (rows + 1);
        const parts = [sliceRows({ y: tensor }, 0, cut)['y']!, sliceRows({ y: tensor }, cut, rows)['y']!];
        expect(parts.flatMap((part) => [...part.data])).toEqual([...tensor.data]);
        expect(parts.map((part) => part.shape[0])).toEqual([cut, rows - cut]);
      }),
    );
  });

  test('what JSON lacks is null, and 64-bit integers are written out in full', () => {
    const y: Tensor = { datatype: 'FP32', shape: [3], data: Float32Array.from([NaN, Infinity, -0]) };
    const n: Tensor = { datatype: 'INT64', shape: [1], data: BigInt64Array.from([9_223_372_036_854_775_807n]) };
    const text = formatInferResponse({ modelName: 'a"b', modelVersion: '2', outputs: ['y', 'n'] }, { y, n });
    expect(text).toContain('"data":[null,null,-0.0]');
    expect(text).toContain('"data":[9223372036854775807]');
    expect((JSON.parse(text) as { model_name: string }).model_name).toBe('a"b');
  });

  test('floats of 16 bits are numbers, and unsigned integers of 64 bits are written out in full', () => {
    const h: Tensor = { datatype: 'FP16', shape: [4], data: Uint16Array.of(0x3c00, 0x8000, 0x7bff, 0x7e00) };
    const b: Tensor = { datatype: 'BF16', shape: [3], data: Uint16Array.of(0x3f80, 0xc049, 0x7f80) };
    const u: Tensor = { datatype: 'UINT64', shape: [1], data: BigUint64Array.of(2n ** 64n - 1n) };
    const text = formatInferResponse({ modelName: 'm', modelVersion: '1', outputs: ['h', 'b', 'u'] }, { h, b, u });
    expect(text).toContain('"data":[1,-0.0,65504,null]');
    expect(text).toContain('"data":[1,-3.140625,null]');
    expect(text).toContain('"data":[18446744073709551615]');
  });
});

describe('compareOutputs', () => {
  const floats = (...data: number[]) => ({
    p: { datatype: 'FP32', shape: [data.length], data: Float32Array.from(data) } as Tensor,
  });
  const tolerance = { absolute: 1e-5, relative: 1e-4 };

  test('allows what the tolerance says, absolutely and relatively', () => {
    expect(compareOutputs(floats(0.5, 1000.05), floats(0.500005, 1000), tolerance).isEqual).toBe(true);
    const off = compareOutputs(floats(0.5, 1001), floats(0.5, 1000), tolerance);
    expect(off).toMatchObject({ isEqual: false, maxAbsoluteDifference: 1, firstDifference: { output: 'p', index: 1 } });
    expect(off.maxRelativeDifference).toBeCloseTo(1e-3, 9);
  });

  test('NaN equals NaN only, and exact means every bit', () => {
    expect(compareOutputs(floats(NaN, Infinity), floats(NaN, Infinity), tolerance).isEqual).toBe(true);
    expect(compareOutputs(floats(NaN), floats(0), tolerance)).toMatchObject({
      isEqual: false,
      maxAbsoluteDifference: Infinity,
    });
    expect(compareOutputs(floats(-0), floats(0), EXACT).isEqual).toBe(false);
    expect(compareOutputs(floats(-0), floats(0), tolerance).isEqual).toBe(true);
  });

  test('integers and strings must be equal; missing and misshapen outputs are named', () => {
    const labels = (...data: bigint[]) => ({
      l: { datatype: 'INT64', shape: [data.length], data: BigInt64Array.from(data) } as Tensor,
    });
    expect(compareOutputs(labels(1n, 2n), labels(1n, 3n), { absolute: 9, relative: 9 }).isEqual).toBe(false);
    expect(compareOutputs({}, labels(1n), EXACT).firstDifference?.detail).toBe('is missing');
    expect(compareOutputs(labels(1n), labels(1n, 2n), EXACT).firstDifference?.detail).toContain(
      'INT64[1]; INT64[2] was expected',
    );
  });
});

describe('parseParity', () => {
  const bytes = (json: unknown): Buffer => Buffer.from(JSON.stringify(json));
  const label = { name: 'label', datatype: 'INT64', shape: [1], data: [1] };

  test('takes inputs and some of the outputs', () => {
    const record = parseParity(bytes({ inputs: [month([1]), origin(['a'])], outputs: [label] }), signature);
    expect(record.outputs['label']?.data).toEqual(BigInt64Array.from([1n]));
  });

  test.each([
    ['text that is no JSON', Buffer.from('{'), 'request_invalid'],
    ['a missing input', bytes({ inputs: [month([1])], outputs: [label] }), 'input_missing'],
    ['no outputs', bytes({ inputs: [month([1]), origin(['a'])] }), 'request_invalid'],
    [
      'an output the model lacks',
      bytes({ inputs: [month([1]), origin(['a'])], outputs: [{ ...label, name: 'z' }] }),
      'input_unexpected',
    ],
  ])('%s is refused', (_name, file, code) => {
    let refused: unknown;
    try {
      parseParity(file, signature);
    } catch (error) {
      refused = (error as ProblemError).code;
    }
    expect(refused).toBe(`inference.${code}`);
  });
});
