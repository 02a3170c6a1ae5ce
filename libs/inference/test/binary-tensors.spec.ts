import { ProblemError } from '@myriad/kernel';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  binaryOf,
  formatBinaryResponse,
  parseInferRequest,
  parseRawRequest,
  readBinary,
  splitBody,
  type Datatype,
  type InferRequest,
  type Signature,
  type TensorData,
} from '../src/index.js';

const BYTES_OF = {
  ...{ FP32: 4, FP64: 8, FP16: 2, BF16: 2, BOOL: 1 },
  ...{ INT64: 8, INT32: 4, INT16: 2, INT8: 1, UINT64: 8, UINT32: 4, UINT16: 2, UINT8: 1 },
} as const;
const NUMBERS = Object.keys(BYTES_OF) as (keyof typeof BYTES_OF)[];

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
const of = (datatype: Datatype, shape: number[]): Signature => ({
  inputs: [{ name: 'x', datatype, shape }],
  outputs: [{ name: 'y', datatype, shape }],
});

/** As a client sends it: the JSON, what the header says, and the bytes. */
function body(json: unknown, ...blobs: Uint8Array[]): { bytes: Buffer; header: string } {
  const text = Buffer.from(typeof json === 'string' ? json : JSON.stringify(json));
  return { bytes: Buffer.concat([text, ...blobs]), header: String(text.length) };
}

function parse({ bytes, header }: { bytes: Buffer; header?: string }, by: Signature = signature): InferRequest {
  const { json, binary } = splitBody(bytes, header);
  if (json === undefined) return parseRawRequest(bytes, by);
  return parseInferRequest(JSON.parse(json.toString()), by, { binary });
}

function refusal(run: () => unknown): ProblemError {
  try {
    run();
  } catch (error) {
    if (error instanceof ProblemError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

const floats = (...values: number[]): Uint8Array => binaryOf({ data: Float32Array.from(values) });
const strings = (...values: string[]): Uint8Array => binaryOf({ data: values });
const tensor = (name: string, datatype: string, shape: unknown, size: unknown): object => ({
  name,
  datatype,
  shape,
  parameters: { binary_data_size: size },
});
const month = (size: unknown = 8, shape: unknown = [2, 1]): object => tensor('month', 'FP32', shape, size);
const origin = (size: unknown = 14, shape: unknown = [2, 1]): object => tensor('origin', 'BYTES', shape, size);

describe('binary tensors', () => {
  test('are read in the order of the JSON, beside tensors in JSON', () => {
    const both = parse(body({ inputs: [origin(), month()] }, strings('JFK', 'EWR'), floats(3, NaN)));
    expect(both.inputs['month']).toEqual({ datatype: 'FP32', shape: [2, 1], data: Float32Array.from([3, NaN]) });
    expect(both.inputs['origin']?.data).toEqual(['JFK', 'EWR']);
    const json = { name: 'origin', datatype: 'BYTES', shape: [2, 1], data: ['JFK', 'EWR'] };
    expect(parse(body({ inputs: [json, month()] }, floats(3, NaN))).inputs).toEqual(both.inputs);
  });

  test.each<[string, object, string[]]>([
    ['nothing asked', {}, []],
    ['all asked as bytes', { parameters: { binary_data_output: true } }, ['label', 'probability']],
    ['one asked as bytes', { outputs: [{ name: 'label', parameters: { binary_data: true } }] }, ['label']],
    [
      'one asked as JSON, the other as all are',
      {
        parameters: { binary_data_output: true },
        outputs: [{ name: 'label', parameters: { binary_data: false } }, { name: 'probability' }],
      },
      ['probability'],
    ],
  ])('are wanted back: %s', (_name, wish, expected) => {
    const request = parse(body({ inputs: [month(), origin()], ...wish }, floats(1, 2), strings('JFK', 'EWR')));
    expect([...request.binary]).toEqual(expected);
  });

  test.each([
    ['many, which are a view of the body where it is aligned', 128],
    ['few, which are copied', 2],
  ])('are right wherever they lie: %s', (_name, count) => {
    for (const datatype of NUMBERS)
      for (let offset = 0; offset < 8; offset += 1) {
        const width = BYTES_OF[datatype];
        const memory = Buffer.from(new ArrayBuffer(offset + count * width)).fill(1);
        const bytes = memory.subarray(offset);
        const values = readBinary(datatype, bytes, count) as Exclude<TensorData, string[]>;
        expect(values).toHaveLength(count);
        expect(values.buffer === memory.buffer).toBe(count > 2 && offset % width === 0);
        expect(Buffer.compare(binaryOf({ data: values }), bytes)).toBe(0);
      }
  });

  test('come back bit for bit what they were, of every type', () => {
    fc.assert(
      fc.property(fc.constantFrom(...NUMBERS), fc.uint8Array({ maxLength: 80 }), (datatype, random) => {
        const count = Math.floor(random.length / BYTES_OF[datatype]);
        const blob = random.slice(0, count * BYTES_OF[datatype]).map((byte) => (datatype === 'BOOL' ? byte & 1 : byte));
        const by = of(datatype, [count]);
        const { inputs } = parse(body({ inputs: [tensor('x', datatype, [count], blob.length)] }, blob), by);
        const names = { modelName: 'm', modelVersion: '1', outputs: ['y'] };
        const answer = formatBinaryResponse(names, { y: inputs['x']! }, new Set(['y']));
        const head = JSON.parse(answer.bytes.subarray(0, answer.headerLength).toString()) as { outputs: object[] };
        expect(head.outputs).toEqual([
          { name: 'y', datatype, shape: [count], parameters: { binary_data_size: blob.length } },
        ]);
        expect(Buffer.compare(answer.bytes.subarray(answer.headerLength), blob)).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  test('strings come back as they were, whatever is in them', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 12 }), { maxLength: 9 }), (values) => {
        const blob = strings(...values);
        expect(readBinary('BYTES', blob, values.length)).toEqual(values);
      }),
    );
  });

  test('an answer may mix bytes and JSON', () => {
    const answer = formatBinaryResponse(
      { modelName: 'é', modelVersion: '1', outputs: ['a', 'b', 'c'] },
      {
        a: { datatype: 'INT32', shape: [1], data: Int32Array.of(-1) },
        b: { datatype: 'FP64', shape: [2], data: Float64Array.of(0.5, NaN) },
        c: { datatype: 'BYTES', shape: [1], data: ['ü'] },
      },
      new Set(['a', 'c']),
    );
    const { json, binary } = splitBody(answer.bytes, String(answer.headerLength));
    expect(JSON.parse(json!.toString())).toEqual({
      model_name: 'é',
      model_version: '1',
      outputs: [
        { name: 'a', datatype: 'INT32', shape: [1], parameters: { binary_data_size: 4 } },
        { name: 'b', datatype: 'FP64', shape: [2], data: [0.5, null] },
        { name: 'c', datatype: 'BYTES', shape: [1], parameters: { binary_data_size: 6 } },
      ],
    });
    expect([...binary!]).toEqual([255, 255, 255, 255, 2, 0, 0, 0, 0xc3, 0xbc]);
  });

  const data = { ...(month() as Record<string, unknown>), data: [1, 2] };
  const good = [floats(1, 2), strings('JFK', 'EWR')] as const;
  test.each<[string, unknown, readonly Uint8Array[], string, string]>([
    [
      'too few bytes',
      { inputs: [month(), origin()] },
      [floats(1)],
      'binary_invalid',
      '/inputs/0/parameters/binary_data_size',
    ],
    ['bytes left over', { inputs: [month(), origin()] }, [...good, floats(1)], 'binary_invalid', '/inputs'],
    [
      'a size that is not what the shape says',
      { inputs: [month(4), origin()] },
      [floats(1), strings('JFK', 'EWR')],
      'binary_invalid',
      '/inputs/0/parameters/binary_data_size',
    ],
    [
      'a negative size',
      { inputs: [month(-8), origin()] },
      good,
      'binary_invalid',
      '/inputs/0/parameters/binary_data_size',
    ],
    [
      'a size that is text',
      { inputs: [month('8'), origin()] },
      good,
      'binary_invalid',
      '/inputs/0/parameters/binary_data_size',
    ],
    [
      'a size of a gigabyte',
      { inputs: [month(2 ** 30), origin()] },
      good,
      'binary_invalid',
      '/inputs/0/parameters/binary_data_size',
    ],
    ['a negative shape', { inputs: [month(8, [-2, 1]), origin()] }, good, 'shape_mismatch', '/inputs/0/shape'],
    [
      'a shape that overflows',
      { inputs: [month(8, [2 ** 53, 1]), origin()] },
      good,
      'too_many_rows',
      '/inputs/0/shape/0',
    ],
    [
      'an unknown datatype',
      { inputs: [tensor('month', 'FP33', [2, 1], 8), origin()] },
      good,
      'datatype_mismatch',
      '/inputs/0/datatype',
    ],
    ['both bytes and JSON', { inputs: [data, origin()] }, good, 'binary_invalid', '/inputs/0/data'],
    [
      'a string longer than the bytes',
      { inputs: [month(), origin(14)] },
      [floats(1, 2), Buffer.from('ffffffff4a464b00000000000000', 'hex')],
      'binary_invalid',
      '/inputs/1/parameters/binary_data_size',
    ],
    [
      'a string that is not UTF-8',
      { inputs: [month(4, [1, 1]), origin(5, [1, 1])] },
      [floats(1), Buffer.from('01000000ff', 'hex')],
      'value_invalid',
      '/inputs/1/parameters/binary_data_size',
    ],
    [
      'an output twice',
      { inputs: [month(), origin()], outputs: [{ name: 'label' }, { name: 'label' }] },
      good,
      'output_unknown',
      '/outputs/1',
    ],
    [
      'parameters that are no object',
      { inputs: [month(), origin()], parameters: [] },
      good,
      'request_invalid',
      '/parameters',
    ],
    [
      'a wish that is no flag',
      { inputs: [month(), origin()], parameters: { binary_data_output: 1 } },
      good,
      'request_invalid',
      '/parameters/binary_data_output',
    ],
    [
      'shared memory',
      { inputs: [{ ...month(), parameters: { shared_memory_region: 'r' } }, origin()] },
      good,
      'binary_invalid',
      '/inputs',
    ],
    [
      'a classification',
      { inputs: [month(), origin()], outputs: [{ name: 'label', parameters: { classification: 3 } }] },
      good,
      'request_invalid',
      '/outputs/0/parameters/classification',
    ],
  ])('refused: %s', (...[, json, blobs, code, pointer]) => {
    const problem = refusal(() => parse(body(json, ...blobs)));
    const where = problem.errors.map((error) => error.pointer);
    expect([problem.code, where.includes(pointer) || where]).toEqual([`inference.${code}`, true]);
  });

  test.each(['-1', '1.5', 'abc', '', '1e3', '0x10', '99', '1, 2', '9'.repeat(400)])(
    'refused: a header of %j',
    (header) => {
      const problem = refusal(() => splitBody(Buffer.from('{"inputs":[]}'), header));
      expect(problem).toMatchObject({ kind: 'invalid', code: 'inference.binary_invalid' });
      expect(problem.message.length).toBeLessThan(200);
    },
  );

  test('refused: a BOOL that is neither, and bytes that are no UTF-8', () => {
    expect(readBinary('BOOL', Uint8Array.of(0, 1, 2), 3)).toMatchObject({ code: 'value_invalid' });
    expect(readBinary('BYTES', Uint8Array.of(1, 0, 0, 0, 0xff), 1)).toMatchObject({ code: 'value_invalid' });
  });

  test('without the header there are no bytes', () => {
    const { bytes } = body({ inputs: [month(), origin()] });
    expect(refusal(() => parse({ bytes })).message).toContain('Inference-Header-Content-Length is missing');
  });
});

describe('a body without JSON', () => {
  const raw = (bytes: Uint8Array, by: Signature): InferRequest => parse({ bytes: Buffer.from(bytes), header: '0' }, by);

  test.each<[number[], number[]]>([
    [
      [-1, 2],
      [3, 2],
    ],
    [
      [3, -1],
      [3, 2],
    ],
    [[6], [6]],
    [
      [-1, -1],
      [1, 6],
    ],
  ])('of shape %j is %j', (shape, expected) => {
    const request = raw(floats(1, 2, 3, 4, 5, 6), of('FP32', shape));
    expect(request.inputs['x']).toEqual({
      datatype: 'FP32',
      shape: expected,
      data: Float32Array.from([1, 2, 3, 4, 5, 6]),
    });
    expect([...request.binary]).toEqual(['y']);
  });

  test('is one string', () => {
    const request = raw(Buffer.from('a text'), of('BYTES', [-1, 1]));
    expect(request.inputs['x']).toEqual({ datatype: 'BYTES', shape: [1, 1], data: ['a text'] });
  });

  test.each<[string, Uint8Array, Signature, string]>([
    ['for two inputs', floats(1), signature, 'binary_invalid'],
    ['that is no whole row', floats(1, 2, 3), of('FP32', [-1, 2]), 'binary_invalid'],
    ['that is empty', floats(), of('FP32', [-1, 2]), 'binary_invalid'],
    ['that is no whole tensor', floats(1, 2), of('FP32', [3]), 'binary_invalid'],
    ['of a shape that varies twice', floats(1, 2), of('FP32', [1, -1, -1]), 'shape_mismatch'],
    ['of several strings', Buffer.from('a'), of('BYTES', [-1, 2]), 'shape_mismatch'],
    ['of too many rows', new Uint8Array(100_001), of('UINT8', [-1]), 'too_many_rows'],
  ])('is refused %s', (_name, bytes, by, code) => {
    expect(refusal(() => raw(bytes, by)).code).toBe(`inference.${code}`);
  });
});

describe('whatever is sent', () => {
  const size = fc.oneof(fc.nat(40), fc.integer(), fc.double(), fc.constantFrom(2 ** 31, 2 ** 53, 1e300, null, '8'));
  const shape = fc.oneof(fc.array(size, { maxLength: 4 }), fc.anything());
  const input = fc.record(
    {
      name: fc.constantFrom('month', 'origin', 'x', '__proto__'),
      datatype: fc.constantFrom('FP32', 'BYTES', 'INT64', 'BF16', 'toString'),
      shape,
      parameters: fc.oneof(fc.record({ binary_data_size: size }), fc.anything()),
      data: fc.anything(),
    },
    { requiredKeys: [] },
  );
  const json = fc.record(
    {
      inputs: fc.oneof(fc.array(input, { maxLength: 4 }), fc.anything()),
      outputs: fc.oneof(
        fc.array(fc.record({ name: fc.constantFrom('label', 'y'), parameters: fc.anything() })),
        fc.anything(),
      ),
      parameters: fc.anything(),
    },
    { requiredKeys: ['inputs'] },
  );
  /** Raise it for a longer look. */
  const RUNS = 3_000;

  test('is read or refused for a reason that is told, and nothing else happens', () => {
    const seen = { taken: 0, refused: 0 };
    fc.assert(
      fc.property(json, fc.uint8Array({ maxLength: 48 }), fc.option(size), (sent, blob, header) => {
        const text = Buffer.from(JSON.stringify(sent));
        const bytes = Buffer.concat([text, blob]);
        try {
          const { rows } = parse({ bytes, header: String(header ?? text.length) });
          expect(rows).toBeGreaterThan(0);
          seen.taken += 1;
        } catch (error) {
          if (error instanceof SyntaxError) return;
          expect(error).toBeInstanceOf(ProblemError);
          expect(['invalid', 'too-large']).toContain((error as ProblemError).kind);
          expect((error as ProblemError).message.length).toBeLessThanOrEqual(2_000);
          seen.refused += 1;
        }
      }),
      { numRuns: RUNS },
    );
    expect(seen.refused).toBeGreaterThan(100);
  }, 60_000);

  test('a good body with bytes changed is read or refused', () => {
    const good = body({ inputs: [month(), origin()] }, floats(1, 2), strings('JFK', 'EWR')).bytes;
    let taken = 0;
    const change = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 3 });
    fc.assert(
      fc.property(change, fc.nat(good.length + 2), (changes, header) => {
        const bytes = Buffer.from(good);
        for (const [at, value] of changes) bytes[at] = value;
        try {
          parse({ bytes, header: String(header) });
          taken += 1;
        } catch (error) {
          expect(error instanceof ProblemError || error instanceof SyntaxError).toBe(true);
        }
      }),
      { numRuns: RUNS },
    );
    expect(taken).toBeGreaterThan(0);
  }, 60_000);
});
