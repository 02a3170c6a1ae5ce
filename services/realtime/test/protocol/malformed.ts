import type { Message } from '../grpc/grpc-client.js';

/** An input as it is described, right or wrong, with its bytes. */
export interface Described {
  readonly name: unknown;
  readonly datatype: unknown;
  readonly shape: readonly (number | string)[];
  readonly bytes: Buffer;
  /** What its size is said to be. */
  readonly claim?: number;
}

export interface Malformed {
  readonly inputs: readonly Described[];
  readonly outputs?: readonly string[];
  /** Of the code `inference.<code>` over HTTP, and of the words over both. */
  readonly code: string;
  readonly says: RegExp;
  /** What gRPC can't say, or says in another way. */
  readonly onlyHttp?: true;
}

const ZEROS = Buffer.alloc(64);
/** An input of `simple`: INT32 [-1, 16]. */
const input = (index: number, more: Partial<Described> = {}): Described => ({
  name: `INPUT${index}`,
  datatype: 'INT32',
  shape: [1, 16],
  bytes: ZEROS,
  ...more,
});
const both = (more: Partial<Described>): readonly Described[] => [input(0, more), input(1)];

/** What is wrong whatever way it comes; against the model `simple`. */
export const MALFORMED: Readonly<Record<string, Malformed>> = {
  'a negative dimension': { inputs: both({ shape: [-1, 16] }), code: 'shape_mismatch', says: /'shape'/ },
  'a dimension that is the least integer': {
    inputs: both({ shape: ['-9223372036854775808', 16] }),
    code: 'shape_mismatch',
    says: /'shape'/,
  },
  'a dimension that overflows': {
    inputs: both({ shape: ['9223372036854775807', 16] }),
    code: 'too_many_rows',
    says: /rows were sent/,
  },
  'dimensions whose product overflows to what was sent': {
    inputs: both({ shape: ['4611686018427387905', 16] }),
    code: 'too_many_rows',
    says: /rows were sent/,
  },
  'rows of a gigabyte': { inputs: both({ shape: [16_777_216, 16] }), code: 'too_many_rows', says: /rows were sent/ },
  'rows that are not there': {
    inputs: both({ shape: [99_999, 16] }),
    code: 'binary_invalid',
    says: /64 bytes were sent/,
  },
  'no rows': {
    inputs: [
      input(0, { shape: [0, 16], bytes: Buffer.alloc(0) }),
      input(1, { shape: [0, 16], bytes: Buffer.alloc(0) }),
    ],
    code: 'shape_mismatch',
    says: /no rows/,
  },
  'another number of rows in each': {
    inputs: both({ shape: [2, 16], bytes: Buffer.alloc(128) }),
    code: 'shape_mismatch',
    says: /all need the same/,
  },
  'too few dimensions': { inputs: both({ shape: [16] }), code: 'shape_mismatch', says: /\[16\]/ },
  'too many dimensions': { inputs: both({ shape: [1, 16, 1] }), code: 'shape_mismatch', says: /\[1, 16, 1\]/ },
  'no dimensions': { inputs: both({ shape: [] }), code: 'shape_mismatch', says: /\[\]/ },
  'a byte too few': { inputs: both({ bytes: Buffer.alloc(63) }), code: 'binary_invalid', says: /63 bytes/ },
  'a byte too many': { inputs: both({ bytes: Buffer.alloc(65) }), code: 'binary_invalid', says: /65 bytes/ },
  'no bytes': { inputs: both({ bytes: Buffer.alloc(0) }), code: 'binary_invalid', says: /\b0 bytes/ },
  'another datatype': { inputs: both({ datatype: 'FP32' }), code: 'datatype_mismatch', says: /FP32.*INT32/ },
  'an unknown datatype': { inputs: both({ datatype: 'INT33' }), code: 'datatype_mismatch', says: /INT33/ },
  'a datatype in small letters': { inputs: both({ datatype: 'int32' }), code: 'datatype_mismatch', says: /int32/ },
  'no datatype': { inputs: both({ datatype: '' }), code: 'datatype_mismatch', says: /INT32/ },
  'an input twice': { inputs: [input(0), input(0), input(1)], code: 'input_duplicate', says: /sent twice/ },
  'an input that is missing': { inputs: [input(0)], code: 'input_missing', says: /'INPUT1'/ },
  'no input': { inputs: [], code: 'input_missing', says: /'INPUT0'/ },
  'an input that is not the model’s': {
    inputs: [input(0), input(1), input(2)],
    code: 'input_unexpected',
    says: /no input 'INPUT2'/,
  },
  'an input without a name': { inputs: both({ name: '' }), code: 'input_unexpected', says: /no input ''/ },
  'an output twice': {
    inputs: [input(0), input(1)],
    outputs: ['OUTPUT0', 'OUTPUT0'],
    code: 'output_unknown',
    says: /each once/,
  },
  'an output that is not the model’s': {
    inputs: [input(0), input(1)],
    outputs: ['OUTPUT0', 'OUTPUT7'],
    code: 'output_unknown',
    says: /OUTPUT7/,
  },
  'a claim of a gigabyte': {
    inputs: both({ claim: 2 ** 30 }),
    code: 'binary_invalid',
    says: /1073741824/,
    onlyHttp: true,
  },
  'a claim beyond all integers': {
    inputs: both({ claim: 1e308 }),
    code: 'binary_invalid',
    says: /1e\+308/,
    onlyHttp: true,
  },
  'a negative claim': { inputs: both({ claim: -64 }), code: 'binary_invalid', says: /-64/, onlyHttp: true },
  'a claim in fractions': { inputs: both({ claim: 63.5 }), code: 'binary_invalid', says: /63\.5/, onlyHttp: true },
  'a claim of the next one’s bytes': {
    inputs: [input(0, { claim: 128 }), input(1, { claim: 0 })],
    code: 'binary_invalid',
    says: /128 bytes/,
    onlyHttp: true,
  },
};

/** As JSON and bytes behind it. */
export function malformedBody({ inputs, outputs }: Malformed): { body: Buffer; headerLength: string } {
  const tensors = inputs.map(
    ({ name, datatype, shape, bytes, claim }) =>
      `{"name":${JSON.stringify(name)},"datatype":${JSON.stringify(datatype)},"shape":[${shape.join(',')}],"parameters":{"binary_data_size":${claim ?? bytes.length}}}`,
  );
  const asked = outputs === undefined ? '' : `,"outputs":${JSON.stringify(outputs.map((name) => ({ name })))}`;
  const json = Buffer.from(`{"inputs":[${tensors.join(',')}]${asked}}`);
  return { body: Buffer.concat([json, ...inputs.map(({ bytes }) => bytes)]), headerLength: String(json.length) };
}

/** As a message with raw contents. */
export function malformedMessage({ inputs, outputs }: Malformed): Message {
  return {
    model_name: 'simple',
    inputs: inputs.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
    raw_input_contents: inputs.map(({ bytes }) => bytes),
    ...(outputs === undefined ? {} : { outputs: outputs.map((name) => ({ name })) }),
  };
}
