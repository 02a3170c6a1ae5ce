import { describe, expect, test } from '@jest/globals';
import { binaryOf } from '@myriad/inference';
import { ProblemError } from '@myriad/kernel';
import fc from 'fast-check';
import { decodeInferRequest, encodeInferResponse, encodeStreamResponse } from '../../src/grpc/infer-message.js';
import { rawOfContents } from '../../src/grpc/tensor-contents.js';
import { messageType, type Message } from './grpc-client.js';

const encode = (type: string, message: Message): Buffer => {
  const found = messageType(type);
  return Buffer.from(found.encode(found.fromObject(message)).finish());
};
const decode = (type: string, bytes: Buffer): Message => {
  const found = messageType(type);
  return found.toObject(found.decode(bytes), { longs: Number });
};

describe('ModelInferRequest, read by hand', () => {
  const name = fc.string({ unit: 'grapheme', maxLength: 8 });
  const bytes = fc.uint8Array({ maxLength: 24 }).map((array) => Buffer.from(array));
  const input = fc.record({
    name,
    datatype: fc.constantFrom('FP32', 'INT64', ''),
    shape: fc.array(fc.integer({ min: -3, max: 2 ** 31 }), { maxLength: 4 }),
  });
  const request = fc.record({
    model_name: name,
    model_version: name,
    id: name,
    parameters: fc.dictionary(name, fc.record({ string_param: name }), { maxKeys: 2 }),
    inputs: fc.array(input, { maxLength: 3 }),
    outputs: fc.array(fc.record({ name }), { maxLength: 3 }),
    raw_input_contents: fc.array(bytes, { maxLength: 3 }),
  });

  test('says what the proto says', () => {
    fc.assert(
      fc.property(request, (sent) => {
        const read = decodeInferRequest(encode('ModelInferRequest', sent));
        expect(read).toEqual({
          modelName: sent.model_name,
          modelVersion: sent.model_version,
          id: sent.id,
          inputs: sent.inputs.map((each) => ({ ...each, contents: undefined })),
          outputs: sent.outputs.map((output) => output.name),
          raw: sent.raw_input_contents,
        });
      }),
    );
  });

  test('leaves raw contents where they are', () => {
    const message = encode('ModelInferRequest', { raw_input_contents: [Buffer.alloc(1_000, 7)] });
    const [raw] = decodeInferRequest(message).raw;
    expect(raw!.buffer).toBe(message.buffer);
  });

  test('is read or refused, whatever the bytes are', () => {
    const sound = encode('ModelInferRequest', {
      model_name: 'm',
      inputs: [{ name: 'x', datatype: 'INT64', shape: [2], contents: { int64_contents: [1, -1] } }],
      raw_input_contents: [Buffer.alloc(8)],
    });
    const changed = fc.array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), { maxLength: 4 }).map((changes) => {
      const copy = Buffer.from(sound);
      for (const [at, value] of changes) copy[at] = value;
      return copy;
    });
    fc.assert(
      fc.property(fc.oneof(bytes, changed), (sent) => {
        try {
          for (const { contents, datatype } of decodeInferRequest(sent).inputs)
            if (contents !== undefined) rawOfContents(contents, datatype, 'x');
        } catch (error) {
          expect(error).toBeInstanceOf(ProblemError);
          expect((error as ProblemError).kind).toBe('invalid');
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('of thousands of tensors or dimensions is refused', () => {
    const many = { inputs: Array.from({ length: 5_000 }, () => ({})) };
    expect(() => decodeInferRequest(encode('ModelInferRequest', many))).toThrow('more than 4096 tensors');
    const deep = { inputs: [{ shape: Array.from({ length: 100 }, () => 1) }] };
    expect(() => decodeInferRequest(encode('ModelInferRequest', deep))).toThrow('more than 64 dimensions');
  });
});

describe('typed contents as bytes', () => {
  test.each([
    ['BOOL', 'bool_contents', [true, false, true], Uint8Array.of(1, 0, 1)],
    ['INT8', 'int_contents', [-128, 127], Int8Array.of(-128, 127)],
    ['INT16', 'int_contents', [-32_768, 32_767], Int16Array.of(-32_768, 32_767)],
    ['INT32', 'int_contents', [-2_147_483_648, 5], Int32Array.of(-2_147_483_648, 5)],
    [
      'INT64',
      'int64_contents',
      ['-9223372036854775808', '9223372036854775807', -1],
      BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n, -1n),
    ],
    ['UINT8', 'uint_contents', [0, 255], Uint8Array.of(0, 255)],
    ['UINT16', 'uint_contents', [0, 65_535], Uint16Array.of(0, 65_535)],
    ['UINT32', 'uint_contents', [0, 4_294_967_295], Uint32Array.of(0, 4_294_967_295)],
    ['UINT64', 'uint64_contents', ['18446744073709551615', 7], BigUint64Array.of(2n ** 64n - 1n, 7n)],
    ['FP32', 'fp32_contents', [0.5, -1.25, NaN], Float32Array.of(0.5, -1.25, NaN)],
    ['FP64', 'fp64_contents', [0.1, Infinity], Float64Array.of(0.1, Infinity)],
    ['BYTES', 'bytes_contents', [Buffer.from('ü'), Buffer.alloc(0)], ['ü', '']],
  ] as const)('%s', (datatype, field, values, expected) => {
    const contents = encode('InferTensorContents', { [field]: values });
    const raw = rawOfContents(contents, datatype, 'x');
    expect(Buffer.compare(raw, binaryOf({ data: expected as never }))).toBe(0);
  });

  test.each([
    ['INT8', 'int_contents', [128], 'out of the range of INT8'],
    ['INT16', 'int_contents', [-32_769], 'out of the range of INT16'],
    ['UINT8', 'uint_contents', [256], 'out of the range of UINT8'],
    ['UINT16', 'uint_contents', [65_536], 'out of the range of UINT16'],
    ['UINT32', 'uint64_contents', [1], 'another type'],
    ['UINT64', 'int64_contents', [1], 'another type'],
    ['FP16', 'fp32_contents', [1], 'send it raw'],
    ['BF16', 'fp32_contents', [1], 'send it raw'],
    ['FP32', 'fp64_contents', [1], 'another type'],
    ['BYTES', 'int_contents', [1], 'another type'],
    ['toString', 'int_contents', [1], 'send it raw'],
  ])('%s from %s %j is refused', (datatype, field, values, says) => {
    expect(() => rawOfContents(encode('InferTensorContents', { [field]: values }), datatype, 'x')).toThrow(says);
  });

  test('unpacked numbers are read like packed ones', () => {
    const raw = rawOfContents(Buffer.from('10051007', 'hex'), 'INT32', 'x');
    expect(Buffer.compare(raw, binaryOf({ data: Int32Array.of(5, 7) }))).toBe(0);
  });
});

describe('ModelInferResponse, written by hand', () => {
  const answer = {
    modelName: 'm',
    modelVersion: '3',
    id: 'q',
    outputs: [
      { name: 'a', datatype: 'FP32', shape: [2, 1], bytes: binaryOf({ data: Float32Array.of(1, 2) }) },
      { name: 'b', datatype: 'BYTES', shape: [0], bytes: new Uint8Array() },
    ],
  };
  const read = {
    model_name: 'm',
    model_version: '3',
    id: 'q',
    outputs: [
      { name: 'a', datatype: 'FP32', shape: [2, 1] },
      { name: 'b', datatype: 'BYTES', shape: [0] },
    ],
  };

  test('says what the proto says', () => {
    const message = decode('ModelInferResponse', encodeInferResponse(answer));
    expect(message).toMatchObject(read);
    const [first, second] = message['raw_output_contents'] as Buffer[];
    expect([first!.equals(Buffer.from('0000803f00000040', 'hex')), second!.length]).toEqual([true, 0]);
  });

  test('stands in a stream beside words of refusal', () => {
    expect(decode('ModelStreamInferResponse', encodeStreamResponse(answer))).toMatchObject({ infer_response: read });
    expect(decode('ModelStreamInferResponse', encodeStreamResponse('no'))).toEqual({ error_message: 'no' });
  });
});
