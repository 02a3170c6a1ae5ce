import { inferenceProblem } from '@myriad/inference';
import protobuf from 'protobufjs/minimal.js';

/*
 * ModelInferRequest by hand, for two reasons. Raw contents stay views of the message. And a message of 16 MiB may hold as many one-byte numbers, which a general decoder makes an
 * object each of: what is inside `contents` is left alone here until the model says how much of what it takes.
 */

/** Tensors of one message, and dimensions of one tensor: far beyond what models have. */
const MAX_TENSORS = 4_096;
const MAX_DIMENSIONS = 64;
const EMPTY = Buffer.alloc(0);
/** Parameters that change what is sent or answered: a client that asks for one would be misunderstood without it. */
const UNSUPPORTED: ReadonlySet<string> = new Set(['shared_memory_region', 'classification']);

type Reader = protobuf.Reader;

/** An input as it came. */
export interface MessageTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  /** InferTensorContents, not yet read. */
  readonly contents: Buffer | undefined;
}

/** A ModelInferRequest as far as it says anything here. */
export interface InferMessage {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly id: string;
  readonly inputs: readonly MessageTensor[];
  readonly outputs: readonly string[];
  readonly raw: readonly Buffer[];
}

/** @throws {ProblemError} `inference.request_invalid` for what is no such message. */
export function decodeInferRequest(bytes: Buffer): InferMessage {
  try {
    return readRequest(bytes);
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError || (error as Error).name === 'Error')
      throw inferenceProblem('invalid', 'request_invalid', 'the message is no ModelInferRequest', { cause: error });
    throw error;
  }
}

function readRequest(bytes: Buffer): InferMessage {
  const reader = protobuf.Reader.create(bytes);
  const message = {
    modelName: '',
    modelVersion: '',
    id: '',
    inputs: [] as MessageTensor[],
    outputs: [] as string[],
    raw: [] as Buffer[],
  };
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    switch (tag >>> 3) {
      case 1:
        message.modelName = reader.string();
        break;
      case 2:
        message.modelVersion = reader.string();
        break;
      case 3:
        message.id = reader.string();
        break;
      case 5:
        push(message.inputs, readTensor(reader));
        break;
      case 6:
        push(message.outputs, readTensor(reader).name);
        break;
      case 7:
        push(message.raw, reader.bytes() as Buffer);
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  return message;
}

function push<T>(list: T[], item: T): void {
  if (list.length >= MAX_TENSORS)
    throw inferenceProblem('invalid', 'request_invalid', `more than ${MAX_TENSORS} tensors were sent`);
  list.push(item);
}

/** An input; of an output, which has its parameters where an input has its datatype, the name is of interest. */
function readTensor(reader: Reader): MessageTensor {
  const end = reader.uint32() + reader.pos;
  const tensor = { name: '', datatype: '', shape: [] as number[], contents: undefined as Buffer | undefined };
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag >>> 3) {
      case 1:
        tensor.name = reader.string();
        break;
      case 2: {
        const text = reader.bytes() as Buffer;
        refuseUnsupported(text);
        tensor.datatype = text.toString('utf8', 0, 40);
        break;
      }
      case 3:
        readShape(reader, tag & 7, tensor.shape);
        break;
      case 4:
        refuseUnsupported(reader.bytes() as Buffer);
        break;
      case 5:
        tensor.contents = reader.bytes() as Buffer;
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  return tensor;
}

/** Packed or one by one. */
function readShape(reader: Reader, wireType: number, shape: number[]): void {
  const end = wireType === 2 ? reader.uint32() + reader.pos : reader.pos + 1;
  while (reader.pos < end) {
    if (shape.length >= MAX_DIMENSIONS)
      throw inferenceProblem('invalid', 'shape_mismatch', `a shape has more than ${MAX_DIMENSIONS} dimensions`);
    const size = reader.int64() as unknown as number | { toNumber(): number };
    shape.push(typeof size === 'number' ? size : size.toNumber());
  }
}

/** An entry of a map begins with its key: | 0x0a | length | key | … */
function refuseUnsupported(entry: Buffer): void {
  if (entry[0] !== 0x0a) return;
  const key = entry.toString('utf8', 2, 2 + Math.min(entry[1] ?? 0, 40));
  if (UNSUPPORTED.has(key))
    throw inferenceProblem('invalid', 'request_invalid', `the parameter '${key}' is not supported; ask for the values`);
}

/** What an answer says. */
export interface AnswerMessage {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly id: string;
  readonly outputs: readonly {
    readonly name: string;
    readonly datatype: string;
    readonly shape: readonly number[];
    readonly bytes: Uint8Array;
  }[];
}

/** ModelInferResponse, its outputs raw. */
export function encodeInferResponse(answer: AnswerMessage): Buffer {
  return writeResponse(protobuf.Writer.create(), answer).finish() as Buffer;
}

/** ModelStreamInferResponse: an answer, or why there is none. */
export function encodeStreamResponse(answer: AnswerMessage | string): Buffer {
  const writer = protobuf.Writer.create();
  if (typeof answer === 'string') return writer.uint32(0x0a).string(answer).finish() as Buffer;
  return writeResponse(writer.uint32(0x12).fork(), answer).ldelim().finish() as Buffer;
}

function writeResponse(writer: protobuf.Writer, answer: AnswerMessage): protobuf.Writer {
  writer.uint32(0x0a).string(answer.modelName).uint32(0x12).string(answer.modelVersion);
  if (answer.id !== '') writer.uint32(0x1a).string(answer.id);
  for (const { name, datatype, shape } of answer.outputs) {
    writer.uint32(0x2a).fork().uint32(0x0a).string(name).uint32(0x12).string(datatype).uint32(0x1a).fork();
    for (const size of shape) writer.int64(size);
    writer.ldelim().ldelim();
  }
  for (const { bytes } of answer.outputs) writer.uint32(0x32).bytes(bytes.length === 0 ? EMPTY : bytes);
  return writer;
}
