import { inferenceProto } from '@myriad/contracts';
import protobuf from 'protobufjs';

const SERVICE = 'inference.GRPCInferenceService';

/** A method of the service of `contracts/grpc` with its messages as plain objects, read and written by reflection. */
export interface Method {
  readonly name: string;
  /** As it stands in a request. */
  readonly path: string;
  /** @throws {Error} for bytes that are no such message */
  readonly decode: (bytes: Buffer) => Record<string, unknown>;
  readonly encode: (message: Record<string, unknown>) => Uint8Array;
}

export const methodPath = (name: string): string => `/${SERVICE}/${name}`;

/** All methods. */
export function inferenceMethodsByReflection(): readonly Method[] {
  const { root } = protobuf.parse(inferenceProto, { keepCase: true });
  return root.lookupService(SERVICE).methodsArray.map(({ name, requestType, responseType }) => {
    const request = root.lookupType(`inference.${requestType}`);
    const response = root.lookupType(`inference.${responseType}`);
    return {
      name,
      path: methodPath(name),
      decode: (bytes) => request.toObject(request.decode(bytes), { defaults: true, longs: Number }),
      encode: (message) => response.encode(response.fromObject(message)).finish(),
    };
  });
}
