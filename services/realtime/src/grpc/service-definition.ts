import type { ServiceDefinition } from '@grpc/grpc-js';
import { inferenceProto } from '@myriad/contracts';
import protobuf from 'protobufjs';
import { decodeInferRequest, encodeInferResponse, encodeStreamResponse, type AnswerMessage } from './infer-message.js';

const NAME = 'inference.GRPCInferenceService';
/** Messages that stand on the hot path are read and written by hand. */
const BY_HAND: Readonly<Record<string, { decode: (bytes: Buffer) => unknown; encode: (message: never) => Buffer }>> = {
  ModelInfer: { decode: lazily, encode: encodeInferResponse },
  ModelStreamInfer: { decode: lazily, encode: (answer: AnswerMessage | string) => encodeStreamResponse(answer) },
};

/** A message that is decoded when it is asked for: a fault in it is then told like any other, where the library would only say that it could not parse. */
export interface UnreadInfer {
  read(): ReturnType<typeof decodeInferRequest>;
}

function lazily(bytes: Buffer): UnreadInfer {
  return { read: () => decodeInferRequest(bytes) };
}

/** The service of `contracts/grpc`, as the gRPC library wants it. */
export function inferenceService(): ServiceDefinition {
  const { root } = protobuf.parse(inferenceProto, { keepCase: true });
  const methods = root.lookupService(NAME).methodsArray;
  return Object.fromEntries(methods.map((method) => [method.name, methodOf(root, method)]));
}

function methodOf(root: protobuf.Root, method: protobuf.Method): ServiceDefinition[string] {
  const request = root.lookupType(`inference.${method.requestType}`);
  const response = root.lookupType(`inference.${method.responseType}`);
  const { decode, encode } = BY_HAND[method.name] ?? {
    decode: (bytes: Buffer) => request.toObject(request.decode(bytes), { defaults: true, longs: Number }),
    encode: (message: Record<string, unknown>) => Buffer.from(response.encode(response.fromObject(message)).finish()),
  };
  return {
    path: `/${NAME}/${method.name}`,
    requestStream: method.requestStream ?? false,
    responseStream: method.responseStream ?? false,
    requestSerialize: () => Buffer.alloc(0),
    requestDeserialize: decode,
    responseSerialize: encode as (message: unknown) => Buffer,
    responseDeserialize: (bytes) => bytes,
  };
}
