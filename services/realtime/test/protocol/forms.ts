/// <reference lib="esnext.float16" />
import { binaryOf, type Datatype, type TensorData } from '@myriad/inference';
import { messageType, type Message } from '../grpc/grpc-client.js';

/*
 * The same request in every form of the protocol, written here once more: JSON by hand, gRPC by reflection, so that the tests share no codec with what they test but the bytes of
 * a tensor, which other tests pin.
 */

export interface SentTensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** A request, as far as all forms can say it. */
export interface Sent {
  readonly id?: string;
  readonly inputs: readonly SentTensor[];
  /** Outputs asked for; all where it is missing. */
  readonly outputs?: readonly string[];
}

/** A body over HTTP, and how many of its bytes are JSON where it says so. */
export interface HttpForm {
  readonly body: Buffer;
  readonly headerLength?: string;
}

const CONTENTS: Readonly<Record<Exclude<Datatype, 'FP16' | 'BF16'>, string>> = {
  BOOL: 'bool_contents',
  INT8: 'int_contents',
  INT16: 'int_contents',
  INT32: 'int_contents',
  INT64: 'int64_contents',
  UINT8: 'uint_contents',
  UINT16: 'uint_contents',
  UINT32: 'uint_contents',
  UINT64: 'uint64_contents',
  FP32: 'fp32_contents',
  FP64: 'fp64_contents',
  BYTES: 'bytes_contents',
};

/** Whether typed contents can hold the type. */
export function hasContents(datatype: Datatype): datatype is keyof typeof CONTENTS {
  return Object.hasOwn(CONTENTS, datatype);
}

/** Values as JSON writes them. NaN is null; infinities it does not have. */
export function jsonValues({ datatype, data }: Pick<SentTensor, 'datatype' | 'data'>): string[] {
  if (Array.isArray(data)) return data.map((value) => JSON.stringify(value));
  if (datatype === 'BOOL') return Array.from(data as Uint8Array, (value) => (value === 1 ? 'true' : 'false'));
  return Array.from(numbersOf(datatype, data) as Iterable<number | bigint>, (value) =>
    Number.isNaN(value) ? 'null' : Object.is(value, -0) ? '-0.0' : String(value),
  );
}

function numbersOf(datatype: Datatype, data: TensorData): Iterable<unknown> {
  if (datatype === 'FP16') return new Float16Array((data as Uint16Array).slice().buffer);
  if (datatype !== 'BF16') return data;
  return new Float32Array(Uint32Array.from(data as Uint16Array, (bits) => bits << 16).buffer);
}

function nested(values: readonly string[], shape: readonly number[]): string {
  const [size = 0, ...inner] = shape;
  if (inner.length === 0) return `[${values.join(',')}]`;
  const width = inner.reduce((count, each) => count * each, 1);
  return `[${Array.from({ length: size }, (_, i) => nested(values.slice(i * width, (i + 1) * width), inner)).join(',')}]`;
}

/** All in JSON, flat or nested. */
export function jsonForm(sent: Sent, { isNested = false } = {}): HttpForm {
  return { body: Buffer.from(envelope(sent, (tensor) => `"data":${dataText(tensor, isNested)}`)) };
}

function dataText(tensor: SentTensor, isNested: boolean): string {
  const values = jsonValues(tensor);
  // values that are not as many as the shape says have no nested form
  const canNest = tensor.shape.reduce((count, size) => count * size, 1) === values.length;
  return isNested && canNest ? nested(values, tensor.shape) : `[${values.join(',')}]`;
}

/** Values as bytes behind the JSON, and so the answer. */
export function binaryForm(sent: Sent): HttpForm {
  const blobs = sent.inputs.map(binaryOf);
  const json = envelope(
    sent,
    (_tensor, i) => `"parameters":{"binary_data_size":${blobs[i]!.length}}`,
    ',"parameters":{"binary_data_output":true}',
  );
  const head = Buffer.from(json);
  return { body: Buffer.concat([head, ...blobs]), headerLength: String(head.length) };
}

function envelope(
  { id, inputs, outputs }: Sent,
  valuesOf: (tensor: SentTensor, i: number) => string,
  more = '',
): string {
  const tensors = inputs.map(
    (tensor, i) =>
      `{"name":${JSON.stringify(tensor.name)},"datatype":"${tensor.datatype}","shape":[${tensor.shape.join(',')}],${valuesOf(tensor, i)}}`,
  );
  const asked = outputs === undefined ? '' : `,"outputs":${JSON.stringify(outputs.map((name) => ({ name })))}`;
  const named = id === undefined ? '' : `"id":${JSON.stringify(id)},`;
  return `{${named}"inputs":[${tensors.join(',')}]${asked}${more}}`;
}

/** A ModelInferRequest with raw or typed contents; floats of 16 bits have only raw ones. */
export function grpcForm(sent: Sent, modelName: string, kind: 'raw' | 'contents'): Message {
  const described = sent.inputs.map(({ name, datatype, shape }) => ({ name, datatype, shape }));
  const rest = {
    model_name: modelName,
    ...(sent.id === undefined ? {} : { id: sent.id }),
    ...(sent.outputs === undefined ? {} : { outputs: sent.outputs.map((name) => ({ name })) }),
  };
  if (kind === 'raw')
    return {
      ...rest,
      inputs: described,
      raw_input_contents: sent.inputs.map((tensor) => Buffer.from(binaryOf(tensor))),
    };
  const inputs = sent.inputs.map((tensor, i) => ({ ...described[i], contents: contentsOf(tensor) }));
  return { ...rest, inputs };
}

function contentsOf({ datatype, data }: SentTensor): object {
  if (!hasContents(datatype)) throw new TypeError(`${datatype} has no typed contents`);
  const values = Array.isArray(data)
    ? data.map((value) => Buffer.from(value))
    : Array.from(data as Iterable<number | bigint>, (value) => (typeof value === 'bigint' ? String(value) : value));
  return { [CONTENTS[datatype]]: values };
}

/** The bytes of a message. */
export function bytesOfMessage(message: Message): Buffer {
  const type = messageType('ModelInferRequest');
  return Buffer.from(type.encode(type.fromObject(message)).finish());
}
