import { Metadata, type ServerUnaryCall } from '@grpc/grpc-js';
import { Arrival } from '../entrance/arrival.js';
import { ClientGone } from './client-gone.js';
import type { GrpcRoute } from './grpc-routes.js';

/** What every kind of call says of itself. */
export interface AnyCall extends Pick<
  ServerUnaryCall<unknown, unknown>,
  'metadata' | 'getDeadline' | 'getPeer' | 'cancelled'
> {
  once(event: 'cancelled', listener: () => void): unknown;
}

/** A gRPC call. It counts and is recorded as the operation over HTTP that does the same. */
export class CallArrival extends Arrival {
  readonly gone: ClientGone;

  constructor(
    readonly call: AnyCall,
    readonly grpcRoute: GrpcRoute,
  ) {
    super(grpcRoute.target.route.method, grpcRoute.method.path, call.metadata.getMap());
    this.target = grpcRoute.target;
    this.gone = new ClientGone(call);
  }

  /** Until when the answer is of use (`grpc-timeout`), Unix milliseconds; Infinity: for ever. */
  get deadlineUnixMs(): number {
    const deadline = this.call.getDeadline();
    return deadline instanceof Date ? deadline.getTime() : deadline;
  }

  /** What the gateway says itself, to go with the status. */
  trailer(into = new Metadata()): Metadata {
    for (const [name, value] of Object.entries(this.headers)) into.set(name, value);
    return into;
  }
}
