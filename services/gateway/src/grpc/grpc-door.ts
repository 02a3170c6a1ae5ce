import {
  ServerCredentials,
  status,
  type Metadata,
  type MethodDefinition,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { GrpcListener, grpcStatusOf } from '@myriad/http/grpc';
import { ProblemError } from '@myriad/kernel';
import type { Logger } from '@myriad/telemetry';
import { gatewayProblem } from '../domain/gateway-problem.js';
import type { Admit } from '../entrance/admit.js';
import type { RecordRequest } from '../entrance/record-request.js';
import { CallArrival, type AnyCall } from './call-arrival.js';
import type { ForwardCalls } from './forward-calls.js';
import { grpcRoutes, type GrpcRoute } from './grpc-routes.js';
import { httpStatusOf } from './http-status.js';
import { ReplicaStatus } from './replica-status.js';

export interface GrpcDoorOptions {
  readonly admit: Admit;
  readonly forward: ForwardCalls;
  readonly record: RecordRequest;
  readonly logger: Logger;
  /** Whether keys and placements are known. */
  readonly isReady: () => boolean;
}

interface Refusal {
  readonly code: number;
  readonly details: string;
  readonly metadata: Metadata;
}

/** The inference protocol over gRPC for who has a key: the same admission, limits and records as over HTTP. In plain, behind who ends the clients' TLS. */
export class GrpcDoor {
  private readonly listener = new GrpcListener();

  constructor(private readonly options: GrpcDoorOptions) {
    const routes = Object.entries(grpcRoutes());
    const definition = Object.fromEntries(
      routes.map(([name, { method }]) => [name, method as unknown as MethodDefinition<unknown, unknown>]),
    );
    this.listener.server.addService(
      definition,
      Object.fromEntries(routes.map(([name, route]) => [name, this.handlerOf(route)])),
    );
  }

  /** @returns the port */
  listen(port: number, host: string): Promise<number> {
    return this.listener.listen(port, host, ServerCredentials.createInsecure());
  }

  /** Calls in flight may take `drainMs` milliseconds. */
  close({ drainMs = 10_000 } = {}): Promise<void> {
    return this.listener.close(drainMs);
  }

  private handlerOf(route: GrpcRoute) {
    if (route.method.requestStream)
      return (call: ServerDuplexStream<Buffer, Buffer>): void => {
        const arrival = new CallArrival(call, route);
        void this.serve(arrival, () => this.options.forward.stream(arrival, call)).then((refusal) => {
          if (refusal !== undefined && !call.cancelled) call.emit('error', refusal);
        });
      };
    return (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>): void => {
      const arrival = new CallArrival(call, route);
      let answer: Buffer | null = null;
      void this.serve(arrival, async () => {
        answer = await this.options.forward.unary(arrival, call.request);
      }).then((refusal) => {
        if (refusal === undefined) done(null, answer, arrival.trailer());
        else done(refusal);
      });
    };
  }

  /** Lets the call in, has it answered, and records how it ended. Resolves to why it was not answered; never fails. */
  private async serve(arrival: CallArrival, answer: () => Promise<void>): Promise<Refusal | undefined> {
    let code: number = status.OK;
    try {
      arrival.trace();
      if (!this.options.isReady())
        throw gatewayProblem('unavailable', 'starting', 'the gateway is starting', { retryAfterSeconds: 1 });
      await this.options.admit.execute(arrival, arrival.grpcRoute.target, () => addressOf(arrival.call));
      await answer();
      return undefined;
    } catch (error) {
      const refusal = this.refusalOf(arrival, error);
      ({ code } = refusal);
      return refusal;
    } finally {
      this.options.admit.leave(arrival);
      this.options.record.execute(arrival, arrival.call.cancelled ? undefined : httpStatusOf(code));
    }
  }

  private refusalOf(arrival: CallArrival, error: unknown): Refusal {
    if (error instanceof ReplicaStatus) {
      const { code, details, metadata } = error;
      return { code, details, metadata: arrival.trailer(metadata) };
    }
    const { requestId, call } = arrival;
    if (error instanceof ProblemError) arrival.code = error.code;
    else if (!call.cancelled) this.options.logger.error({ err: error, requestId }, 'a gRPC call failed in the gateway');
    const { code, details, metadata } = grpcStatusOf(error, requestId);
    return { code, details, metadata: arrival.trailer(metadata) };
  }
}

/** `10.0.0.1:4711`, `[::1]:4711` */
function addressOf(call: AnyCall): string {
  return call
    .getPeer()
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '');
}
