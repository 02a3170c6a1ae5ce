import {
  Client,
  Metadata,
  credentials,
  type ChannelCredentials,
  type ClientDuplexStream,
  type ServiceError,
} from '@grpc/grpc-js';
import { inferenceProto } from '@myriad/contracts';
import protobuf from 'protobufjs';

export type Message = Record<string, unknown>;
const { root } = protobuf.parse(inferenceProto, { keepCase: true });

/** By reflection from the printed proto, so that the tests share no codec with what they test. */
export class GrpcClient {
  private readonly client: Client;

  constructor(
    port: number,
    private readonly token?: string,
    by: ChannelCredentials = credentials.createInsecure(),
  ) {
    this.client = new Client(`127.0.0.1:${port}`, by, { 'grpc.ssl_target_name_override': 'realtime' });
  }

  call(method: string, request: Message = {}, more: { deadlineMs?: number; raw?: Buffer } = {}): Promise<Message> {
    const { path, encode, decode } = codecOf(method);
    const options = more.deadlineMs === undefined ? {} : { deadline: Date.now() + more.deadlineMs };
    return new Promise((resolve, reject) => {
      this.client.makeUnaryRequest(
        path,
        more.raw === undefined ? encode : () => more.raw!,
        decode,
        request,
        this.metadata(),
        options,
        (error, answer) => {
          if (error === null) resolve(answer ?? {});
          else reject(error);
        },
      );
    });
  }

  stream(): ClientDuplexStream<Message, Message> {
    const { path, encode, decode } = codecOf('ModelStreamInfer');
    return this.client.makeBidiStreamRequest(path, encode, decode, this.metadata());
  }

  /** The status of a call that is refused. */
  async refusal(method: string, request: Message = {}, more = {}): Promise<ServiceError> {
    try {
      await this.call(method, request, more);
    } catch (error) {
      return error as ServiceError;
    }
    throw new Error(`${method} was answered`);
  }

  close(): void {
    this.client.close();
  }

  private metadata(): Metadata {
    const metadata = new Metadata();
    if (this.token !== undefined) metadata.set('authorization', `Bearer ${this.token}`);
    return metadata;
  }
}

/** A message as the proto has it. */
export function messageType(name: string): protobuf.Type {
  return root.lookupType(`inference.${name}`);
}

function codecOf(method: string) {
  const { requestType, responseType } = root.lookupService('inference.GRPCInferenceService').methods[method]!;
  const [request, response] = [messageType(requestType), messageType(responseType)];
  return {
    path: `/inference.GRPCInferenceService/${method}`,
    encode: (message: Message) => Buffer.from(request.encode(request.fromObject(message)).finish()),
    decode: (bytes: Buffer) => response.toObject(response.decode(bytes), { longs: Number, defaults: true }),
  };
}
