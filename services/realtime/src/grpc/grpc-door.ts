import {
  type Metadata,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type UntypedServiceImplementation,
  type sendUnaryData,
} from '@grpc/grpc-js';
import type { HttpLogger, Tls, TokenVerifier } from '@myriad/http';
import { GrpcListener, doorCredentials, grpcStatusOf, isAllowed } from '@myriad/http/grpc';
import { ProblemError } from '@myriad/kernel';
import { contextOfCall, requestIdOfCall } from './call-context.js';
import { infer, modelHandlers, serverHandlers, type Handler, type HandlerParts } from './inference-handlers.js';
import type { AnswerMessage } from './infer-message.js';
import { inferenceService, type UnreadInfer } from './service-definition.js';

export interface GrpcDoorOptions extends HandlerParts {
  readonly verifier: TokenVerifier;
  readonly tls: Tls | undefined;
  readonly logger: HttpLogger;
  /** Calls in flight may take so long at the end, milliseconds. */
  readonly drainMs: number;
}

/** The inference protocol over gRPC, with the tokens, tenants and predictions of the HTTP port. */
export class GrpcDoor {
  private readonly listener = new GrpcListener();

  constructor(private readonly options: GrpcDoorOptions) {
    this.listener.server.addService(inferenceService(), this.implementation());
  }

  /** @returns the port */
  listen(port: number, host: string): Promise<number> {
    return this.listener.listen(port, host, doorCredentials(this.options.tls));
  }

  /** Takes no new calls; those in flight end, or are cut. */
  close(): Promise<void> {
    return this.listener.close(this.options.drainMs);
  }

  private implementation(): UntypedServiceImplementation {
    const { predict } = this.options;
    const open = Object.entries(serverHandlers(this.options)).map(
      ([name, handler]) => [name, this.unary(() => Promise.resolve(handler()))] as const,
    );
    const byName: Record<string, Handler> = {
      ...modelHandlers(this.options),
      ModelInfer: (ctx, message: UnreadInfer, call) => infer(predict, ctx, message.read(), call),
    };
    const closed = Object.entries(byName).map(
      ([name, handler]) =>
        [
          name,
          this.unary(async (call, requestId) =>
            handler(await contextOfCall(call, this.options.verifier, requestId), call.request as never, call),
          ),
        ] as const,
    );
    return {
      ...Object.fromEntries([...open, ...closed]),
      ModelStreamInfer: (call: ServerDuplexStream<UnreadInfer, AnswerMessage | string>) => void this.stream(call),
    };
  }

  private unary(
    answer: (call: ServerUnaryCall<unknown, unknown>, requestId: string) => Promise<unknown>,
  ): (call: ServerUnaryCall<unknown, unknown>, done: sendUnaryData<unknown>) => void {
    return (call, done) => {
      const requestId = requestIdOfCall(call);
      const run = isAllowed(call, this.options.tls) ? answer(call, requestId) : Promise.reject(foreignClient());
      run.then(
        (message) => {
          done(null, message);
        },
        (error: unknown) => {
          done(this.refusal(error, requestId));
        },
      );
    };
  }

  /** One answer for each message, in order; a message that is refused is answered with its words, and the stream goes on. Who is not known gets no stream. */
  private async stream(call: ServerDuplexStream<UnreadInfer, AnswerMessage | string>): Promise<void> {
    const requestId = requestIdOfCall(call);
    try {
      if (!isAllowed(call, this.options.tls)) throw foreignClient();
      const ctx = await contextOfCall(call, this.options.verifier, requestId);
      for await (const message of call as AsyncIterable<UnreadInfer>) {
        const answer = await this.streamed(() => infer(this.options.predict, ctx, message.read(), call), requestId);
        // a client that reads slowly is waited for
        if (!call.write(answer) && !call.cancelled) await drained(call);
      }
      call.end();
    } catch (error) {
      if (!call.cancelled) call.emit('error', this.refusal(error, requestId));
    }
  }

  private async streamed(
    answer: () => AnswerMessage | Promise<AnswerMessage>,
    requestId: string,
  ): Promise<AnswerMessage | string> {
    try {
      return await answer();
    } catch (error) {
      return this.refusal(error, requestId).details;
    }
  }

  private refusal(error: unknown, requestId: string): { code: number; details: string; metadata: Metadata } {
    if (!(error instanceof ProblemError) || error.kind === 'internal')
      this.options.logger.error({ err: error, requestId }, 'a gRPC call failed');
    return grpcStatusOf(error, requestId);
  }
}

function drained(call: ServerDuplexStream<unknown, unknown>): Promise<void> {
  return new Promise((resolve) => {
    call.once('drain', resolve).once('cancelled', resolve).once('close', resolve);
  });
}

function foreignClient(): ProblemError {
  return new ProblemError({
    kind: 'forbidden',
    code: 'http.permission_missing',
    detail: "the client's certificate has none of the names that are allowed here",
  });
}
