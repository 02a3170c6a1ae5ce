import { status } from '@grpc/grpc-js';
import type { HttpLogger, Tls, TokenVerifier } from '@myriad/http';
import { GrpcServer, grpcStatusOf, type GrpcCall, type StreamHandler, type UnaryHandler } from '@myriad/http/grpc';
import { ProblemError, type RequestContext } from '@myriad/kernel';
import { contextOfCall } from './call-context.js';
import { infer, modelHandlers, serverHandlers, type Handler, type HandlerParts } from './inference-handlers.js';
import { decodeInferRequest, encodeInferResponse, encodeStreamResponse, type AnswerMessage } from './infer-message.js';
import { inferenceMethodsByReflection, methodPath, type Method } from './service-definition.js';

export interface GrpcDoorOptions extends HandlerParts {
  readonly verifier: TokenVerifier;
  readonly tls: Tls | undefined;
  readonly logger: HttpLogger;
  /** Calls in flight may take so long at the end, milliseconds. */
  readonly drainMs: number;
}

type Status = ReturnType<typeof grpcStatusOf>;

/** The inference protocol over gRPC, with the tokens, tenants and predictions of the HTTP port. */
export class GrpcDoor {
  private readonly server: GrpcServer;

  constructor(private readonly options: GrpcDoorOptions) {
    this.server = new GrpcServer({
      tls: options.tls,
      statusOf: (error, call) => this.refusal(error, call.requestId),
      unary: new Map([...this.byReflection(), [methodPath('ModelInfer'), this.infer]]),
      streams: new Map([[methodPath('ModelStreamInfer'), this.stream]]),
    });
  }

  /** @returns the port */
  listen(port: number, host: string): Promise<number> {
    return this.server.listen(port, host);
  }

  /** Takes no new calls; those in flight end, or are cut. */
  close(): Promise<void> {
    return this.server.close(this.options.drainMs);
  }

  private byReflection(): [string, UnaryHandler][] {
    const [open, closed] = [serverHandlers(this.options), modelHandlers(this.options)];
    return inferenceMethodsByReflection().flatMap((method) => {
      const { name, path } = method;
      if (open[name] !== undefined) return [[path, this.openCall(method, open[name])]];
      return closed[name] === undefined ? [] : [[path, this.closedCall(method, closed[name])]];
    });
  }

  /** For anybody with a certificate. */
  private openCall({ encode }: Method, handler: () => object): UnaryHandler {
    return (call) => {
      refuseForeign(call);
      return encode(handler() as Record<string, unknown>);
    };
  }

  private closedCall({ decode, encode }: Method, handler: Handler): UnaryHandler {
    return async (call, bytes) => {
      const ctx = await this.callerOf(call);
      return encode((await handler(ctx, messageOf(decode, bytes) as never)) as Record<string, unknown>);
    };
  }

  /** On the hot path nothing waits that needs not, and the messages are read and written by hand. */
  private readonly infer: UnaryHandler = (call, bytes) => {
    const ctx = this.callerOf(call);
    const answer =
      ctx instanceof Promise ? ctx.then((known) => this.predict(known, bytes, call)) : this.predict(ctx, bytes, call);
    return answer instanceof Promise ? answer.then(encodeInferResponse) : encodeInferResponse(answer);
  };

  /** One answer for each message, in order; a message that is refused is answered with its words, and the stream goes on. Who is not known gets no stream. */
  private readonly stream: StreamHandler = async (call) => {
    const ctx = await this.callerOf(call);
    // a client that reads slowly is waited for
    for await (const bytes of call.messages())
      await call.write(encodeStreamResponse(await this.streamed(ctx, bytes, call)));
  };

  private async streamed(ctx: RequestContext, bytes: Buffer, call: GrpcCall): Promise<AnswerMessage | string> {
    try {
      return await this.predict(ctx, bytes, call);
    } catch (error) {
      return this.refusal(error, call.requestId).details;
    }
  }

  private predict(ctx: RequestContext, bytes: Buffer, call: GrpcCall): AnswerMessage | Promise<AnswerMessage> {
    return infer(this.options.predict, ctx, decodeInferRequest(bytes), call);
  }

  private callerOf(call: GrpcCall): RequestContext | Promise<RequestContext> {
    refuseForeign(call);
    return contextOfCall(call, this.options.verifier);
  }

  private refusal(error: unknown, requestId: string): Status {
    if (error instanceof UnreadableMessage)
      return { ...grpcStatusOf(error, requestId), code: status.INTERNAL, details: error.message };
    if (!(error instanceof ProblemError) || error.kind === 'internal')
      this.options.logger.error({ err: error, requestId }, 'a gRPC call failed');
    return grpcStatusOf(error, requestId);
  }
}

/** Bytes that are not the message of their method. */
class UnreadableMessage extends Error {}

function messageOf(decode: Method['decode'], bytes: Buffer): Record<string, unknown> {
  try {
    return decode(bytes);
  } catch (error) {
    throw new UnreadableMessage('Error deserializing request', { cause: error });
  }
}

function refuseForeign({ isAllowed }: GrpcCall): void {
  if (isAllowed) return;
  throw new ProblemError({
    kind: 'forbidden',
    code: 'http.permission_missing',
    detail: "the client's certificate has none of the names that are allowed here",
  });
}
