import { Server, ServerCredentials, status, type Metadata, type ServiceDefinition } from '@grpc/grpc-js';
import { inferenceProto } from '@myriad/contracts';
import protobuf from 'protobufjs';

export type Message = Record<string, unknown>;
/** Answers a call, or refuses it by a status. */
export type Answer = (message: Message) => Message | { readonly code: status; readonly metadata?: Metadata } | 'never';

const { root } = protobuf.parse(inferenceProto, { keepCase: true });
const service = root.lookupService('inference.GRPCInferenceService');
const unary = service.methodsArray.filter(({ requestStream }) => requestStream !== true);
const typeOf = (name: string): protobuf.Type => root.lookupType(`inference.${name}`);

/** A server of the protocol that does whatever a test tells it to. */
export class FaultyServer {
  readonly answers: Record<string, Answer> = {};
  readonly calls: Record<string, number> = {};
  cancelled = 0;
  private server: Server | undefined;

  /** Port 0 takes a free one. */
  async start(port = 0): Promise<number> {
    const definition: ServiceDefinition = Object.fromEntries(
      unary.map((method) => [
        method.name,
        {
          path: `/inference.GRPCInferenceService/${method.name}`,
          requestStream: false,
          responseStream: false,
          requestSerialize: () => Buffer.alloc(0),
          requestDeserialize: (bytes: Buffer) =>
            typeOf(method.requestType).toObject(typeOf(method.requestType).decode(bytes), {
              longs: Number,
              defaults: true,
            }),
          responseSerialize: (message: Message) =>
            Buffer.from(typeOf(method.responseType).encode(typeOf(method.responseType).fromObject(message)).finish()),
          responseDeserialize: (bytes: Buffer) => bytes,
        },
      ]),
    );
    this.server = new Server();
    this.server.addService(
      definition,
      Object.fromEntries(
        unary.map(({ name }) => [
          name,
          (
            call: { request: Message; on: (event: 'cancelled', listener: () => void) => void },
            done: (error: object | null, answer?: Message) => void,
          ) => {
            this.calls[name] = (this.calls[name] ?? 0) + 1;
            call.on('cancelled', () => (this.cancelled += 1));
            const answer = this.answers[name]?.(call.request) ?? { code: status.UNIMPLEMENTED };
            if (answer === 'never') return;
            if ('code' in answer) done({ details: 'as the test wants it', ...answer });
            else done(null, answer);
          },
        ]),
      ),
    );
    return new Promise((resolve, reject) => {
      this.server?.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
  }

  stop(): void {
    this.server?.forceShutdown();
  }
}
