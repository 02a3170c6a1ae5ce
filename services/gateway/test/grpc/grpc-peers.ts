import {
  Client,
  Metadata,
  ServerCredentials,
  credentials,
  type ClientDuplexStream,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServiceError,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { inferenceProto } from '@myriad/contracts';
import { GrpcListener, inferenceMethods } from '@myriad/http/grpc';
import protobuf from 'protobufjs';

export type Message = Record<string, unknown>;
const { root } = protobuf.parse(inferenceProto, { keepCase: true });
const methods = inferenceMethods();

/** A message of the proto as bytes, and back; unknown to what is tested. */
export const encode = (type: string, message: Message): Buffer => {
  const found = root.lookupType(`inference.${type}`);
  return Buffer.from(found.encode(found.fromObject(message)).finish());
};
export const decode = (type: string, bytes: Buffer): Message => {
  const found = root.lookupType(`inference.${type}`);
  return found.toObject(found.decode(bytes), { longs: Number, defaults: true });
};
const typesOf = (method: string) => root.lookupService('inference.GRPCInferenceService').methods[method]!;

export interface SeenCall {
  readonly method: string;
  readonly metadata: Metadata;
  readonly message: Buffer;
  readonly deadline: Date | number;
}

/** A replica that says which model and id it was asked for; or what it is told to. */
export class FakeReplica {
  readonly seen: SeenCall[] = [];
  port = 0;
  /** Answers a unary call; may throw a status. */
  answer: (call: SeenCall) => Buffer | Promise<Buffer> = ({ method, message }) => {
    const { model_name: model, id, name } = decode(typesOf(method).requestType, message);
    const { responseType } = typesOf(method);
    if (method === 'ModelInfer') return encode(responseType, { model_name: model, id, model_version: this.name });
    return encode(responseType, { name: name ?? '', ready: true });
  };
  private listener = new GrpcListener();

  constructor(readonly name: string) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async listen(port = 0): Promise<void> {
    this.listener = new GrpcListener();
    const unary = (method: string) => (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
      const seen = { method, metadata: call.metadata, message: call.request, deadline: call.getDeadline() };
      this.seen.push(seen);
      Promise.resolve()
        .then(() => this.answer(seen))
        .then(
          (answer) => {
            done(null, answer);
          },
          (error: unknown) => {
            done(error as ServiceError);
          },
        );
    };
    this.listener.server.addService(
      methods,
      Object.fromEntries(
        Object.keys(methods).map((name) => [
          name,
          name === 'ModelStreamInfer'
            ? (call: ServerDuplexStream<Buffer, Buffer>): void => {
                this.stream(call);
              }
            : unary(name),
        ]),
      ),
    );
    this.port = await this.listener.listen(port, '127.0.0.1', ServerCredentials.createInsecure());
  }

  /** Drops every connection. */
  kill(): void {
    this.listener.server.forceShutdown();
  }

  private stream(call: ServerDuplexStream<Buffer, Buffer>): void {
    call.on('data', (message: Buffer) => {
      this.seen.push({ method: 'ModelStreamInfer', metadata: call.metadata, message, deadline: call.getDeadline() });
      const { model_name: model, id } = decode('ModelInferRequest', message);
      if (id === 'never') return;
      const infer_response = { model_name: model, id, model_version: this.name };
      call.write(encode('ModelStreamInferResponse', { infer_response }));
    });
    call.on('end', () => {
      call.end();
    });
    call.on('error', () => undefined);
  }
}

/** A client of the gateway with a key. */
export class KeyClient {
  private readonly client: Client;

  constructor(
    port: number,
    private readonly key?: string,
    private readonly more: Readonly<Record<string, string>> = {},
  ) {
    this.client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  }

  call(method: string, request: Message = {}, options: { deadline?: number } = {}): Promise<Message> {
    return new Promise((resolve, reject) => {
      const { path, requestSerialize, responseDeserialize } = methods[method]!;
      const { requestType, responseType } = typesOf(method);
      const bytes = encode(requestType, request);
      const told = this.metadata();
      this.client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        bytes,
        told,
        options,
        (error, answer) => {
          if (error === null) resolve(decode(responseType, answer!));
          else reject(error);
        },
      );
    });
  }

  async refusal(method: string, request: Message = {}, options = {}): Promise<ServiceError> {
    try {
      await this.call(method, request, options);
    } catch (error) {
      return error as ServiceError;
    }
    throw new Error(`${method} was answered`);
  }

  stream(): ClientDuplexStream<Buffer, Buffer> {
    const { path, requestSerialize, responseDeserialize } = methods['ModelStreamInfer']!;
    return this.client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, this.metadata());
  }

  close(): void {
    this.client.close();
  }

  private metadata(): Metadata {
    const metadata = new Metadata();
    if (this.key !== undefined) metadata.set('authorization', `Bearer ${this.key}`);
    for (const [name, value] of Object.entries(this.more)) metadata.set(name, value);
    return metadata;
  }
}
