import type { MethodDefinition } from '@grpc/grpc-js';
import { inferenceProto } from '@myriad/contracts';
import protobuf from 'protobufjs';

const SERVICE = 'inference.GRPCInferenceService';
const asItIs = (bytes: Buffer): Buffer => bytes;

/** A method whose messages are passed on as the bytes they are. */
export type InferenceMethod = MethodDefinition<Buffer, Buffer>;

/** The methods of the inference protocol by their names, for who forwards them. */
export function inferenceMethods(): Readonly<Record<string, InferenceMethod>> {
  const { root } = protobuf.parse(inferenceProto, { keepCase: true });
  return Object.fromEntries(
    root.lookupService(SERVICE).methodsArray.map(({ name, requestStream, responseStream }) => [
      name,
      {
        path: `/${SERVICE}/${name}`,
        requestStream: requestStream ?? false,
        responseStream: responseStream ?? false,
        requestSerialize: asItIs,
        requestDeserialize: asItIs,
        responseSerialize: asItIs,
        responseDeserialize: asItIs,
      },
    ]),
  );
}
