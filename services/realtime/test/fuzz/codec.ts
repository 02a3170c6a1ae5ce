/// <reference lib="esnext.float16" />
import { ProblemError } from '@myriad/kernel';
import { ProtocolError, statusOf } from '@myriad/http';
import {
  isBinaryFault,
  readBinary,
  splitBody,
  type Datatype,
  type InferAnswer,
  type InferRequest,
  type Signature,
  type TensorData,
  type TensorMap,
} from '@myriad/inference';
import { readInferMessage, writeInferMessage } from '../../src/grpc/infer-exchange.js';
import { decodeInferRequest, encodeInferResponse } from '../../src/grpc/infer-message.js';
import { readInferRequest, writeInferAnswer } from '../../src/http/infer-exchange.js';
import { messageType } from '../grpc/grpc-client.js';
import type { HttpForm } from '../protocol/forms.js';
import { bitsOf, outputName } from './make-case.js';

export interface Answered {
  readonly id: string;
  readonly outputs: readonly {
    readonly name: string;
    readonly datatype: Datatype;
    readonly shape: readonly number[];
    readonly data: TensorData;
  }[];
}
export type Outcome = { readonly answer: Answered } | { readonly refusal: string; readonly status: number };

export const isAnswer = (outcome: Outcome): outcome is { readonly answer: Answered } => 'answer' in outcome;

/** A body through the codec of HTTP, around a model that gives back what it takes. @throws whatever is no typed refusal */
export function overHttp(signature: Signature, { body, headerLength }: HttpForm): Outcome {
  return outcomeOf(() => {
    const headers = headerLength === undefined ? {} : { 'inference-header-content-length': headerLength };
    const request = readInferRequest({ headers, body }, signature);
    const said = writeInferAnswer(answerOf(signature, request), request, echo(request));
    return typeof said === 'string'
      ? readAnswer(Buffer.from(said), undefined)
      : readAnswer(said.bytes, String(said.headerLength));
  });
}

/** A message through the codec of gRPC, around the same model. @throws whatever is no typed refusal */
export function overGrpc(signature: Signature, message: Buffer): Outcome {
  return outcomeOf(() => {
    const request = readInferMessage(decodeInferRequest(message), signature);
    const bytes = encodeInferResponse(writeInferMessage(answerOf(signature, request), request, echo(request)));
    const type = messageType('ModelInferResponse');
    const said = type.toObject(type.decode(bytes), { defaults: true, longs: Number }) as {
      id: string;
      outputs: { name: string; datatype: Datatype; shape: number[] }[];
      raw_output_contents: Buffer[];
    };
    const outputs = said.outputs.map((output, i) => ({
      ...output,
      data: readBytes(output, said.raw_output_contents[i]!),
    }));
    return { id: said.id, outputs };
  });
}

function outcomeOf(run: () => Answered): Outcome {
  try {
    return { answer: run() };
  } catch (error) {
    if (error instanceof ProtocolError) return { refusal: error.code, status: error.statusCode };
    if (error instanceof ProblemError) return { refusal: error.code, status: statusOf(error.kind) };
    throw error;
  }
}

function answerOf({ outputs }: Signature, { id, outputs: asked }: InferRequest): InferAnswer {
  return { modelName: 'echo', modelVersion: '1', id, outputs: asked ?? outputs.map(({ name }) => name) };
}

function echo({ inputs }: InferRequest): TensorMap {
  const outputs = Object.create(null) as Record<string, TensorMap[string]>;
  for (const name in inputs) outputs[outputName(name)] = inputs[name]!;
  return outputs;
}

interface JsonOutput {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: number[];
  readonly data?: readonly unknown[];
  readonly parameters?: { readonly binary_data_size: number };
}

function readAnswer(bytes: Buffer, headerLength: string | undefined): Answered {
  const { json, binary } = splitBody(bytes, headerLength);
  const said = parseInFull(json!.toString()) as { id?: string; outputs: JsonOutput[] };
  let at = 0;
  const outputs = said.outputs.map(({ name, datatype, shape, data, parameters }) => {
    if (data !== undefined) return { name, datatype, shape, data: readJson(datatype, data) };
    const size = parameters!.binary_data_size;
    return { name, datatype, shape, data: readBytes({ datatype, shape }, binary!.subarray(at, (at += size))) };
  });
  if (at !== (binary?.length ?? 0)) throw new Error('bytes are left behind the answer');
  return { id: said.id ?? '', outputs };
}

/** JSON whose integers keep all their digits: those beyond 53 bits come as bigint. */
function parseInFull(text: string): unknown {
  const inFull = (_key: string, value: unknown, context?: { source?: string }): unknown =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '')
      ? BigInt(context?.source ?? '')
      : value;
  return JSON.parse(text, inFull) as unknown;
}

function readBytes(
  { datatype, shape }: { datatype: Datatype; shape: readonly number[] },
  bytes: Uint8Array,
): TensorData {
  const values = readBinary(
    datatype,
    bytes,
    shape.reduce((count, size) => count * size, 1),
  );
  if (isBinaryFault(values)) throw new Error(`the answer is wrong: ${values.detail}`);
  return values;
}

const NUMBERS = {
  ...{
    UINT8: Uint8Array,
    UINT16: Uint16Array,
    UINT32: Uint32Array,
    INT8: Int8Array,
    INT16: Int16Array,
    INT32: Int32Array,
  },
  ...{ FP32: Float32Array, FP64: Float64Array },
} as const;

function readJson(datatype: Datatype, values: readonly unknown[]): TensorData {
  const numbers = values.map((value) => (value === null ? NaN : Number(value)));
  switch (datatype) {
    case 'BYTES':
      return values as string[];
    case 'BOOL':
      return Uint8Array.from(values, (value) => (value === true ? 1 : 0));
    case 'INT64':
      return BigInt64Array.from(values as number[], BigInt);
    case 'UINT64':
      return BigUint64Array.from(values as number[], BigInt);
    case 'FP16':
      return new Uint16Array(Float16Array.from(numbers).buffer);
    case 'BF16':
      return Uint16Array.from(new Uint32Array(Float32Array.from(numbers).buffer), (bits) => bits >>> 16);
    default:
      return NUMBERS[datatype].from(numbers);
  }
}

/** An answer in words that are equal for equal bits; `isOneNan`: where all NaN count as one, as in JSON. */
export function wordsOf({ id, outputs }: Answered, { isOneNan }: { readonly isOneNan: boolean }): string {
  const said = outputs.map(({ name, datatype, shape, data }) => {
    const bits = isOneNan ? bitsWithOneNan(datatype, data) : bitsOf(data);
    return `${name} ${datatype} ${shape.join('x')} ${bits}`;
  });
  return [id, ...said].join('\n');
}

function bitsWithOneNan(datatype: Datatype, data: TensorData): string {
  if (data instanceof Float32Array || data instanceof Float64Array) return [...data].map(textOf).join();
  if (datatype === 'FP16') return [...new Float16Array((data as Uint16Array).slice().buffer)].map(textOf).join();
  if (datatype !== 'BF16') return bitsOf(data);
  const singles = new Float32Array(Uint32Array.from(data as Uint16Array, (bits) => bits << 16).buffer);
  return [...singles].map(textOf).join();
}

const textOf = (value: number): string => (Object.is(value, -0) ? '-0' : String(value));
