import { status, type Client, type ClientDuplexStream, type Metadata, type StatusObject } from '@grpc/grpc-js';
import type { InferenceMethod } from '@myriad/http/grpc';
import type { InFlight } from '../application/in-flight.js';
import type { Outages } from '../application/outages.js';
import type { PlacementTable } from '../application/placement-table.js';
import { gatewayProblem } from '../domain/gateway-problem.js';
import type { ClientGone } from './client-gone.js';
import type { ReplicaChannels } from './replica-channels.js';
import { ReplicaStatus, isFromReplica } from './replica-status.js';

/** The base URL to send to, none of `tried` if there is another. */
export type OriginOf = (tried: ReadonlySet<string>) => string;

/** A call as it goes to a replica. */
export interface Sending {
  readonly method: InferenceMethod;
  readonly metadata: Metadata;
  /** Unix milliseconds. */
  readonly deadlineMs: number;
  /** The client's leaving ends it. */
  readonly gone: ClientGone;
}

/** Replicas that are tried for one call. */
const MOST_TRIES = 3;

export interface ReplicaCallsParts {
  readonly placements: PlacementTable;
  readonly channels: ReplicaChannels;
  readonly outages: Outages;
  readonly inFlight: InFlight;
}

/** Calls of replicas over HTTP/2. Messages are bytes; what a replica says, also in refusing, is handed on. */
export class ReplicaCalls {
  constructor(private readonly parts: ReplicaCallsParts) {}

  /**
   * One message for one. A replica that can't be reached, or whose connection breaks, is passed over: doing any of these calls twice is as good as once.
   * @throws {ReplicaStatus} what the replica said; {ProblemError} `gateway.{no_replica,service_unavailable,deadline_exceeded}`
   */
  async unary(originOf: OriginOf, message: Buffer, sending: Sending): Promise<Buffer> {
    const tried = new Set<string>();
    for (;;) {
      const origin = originOf(tried);
      const outcome = await this.once(origin, message, sending);
      if (Buffer.isBuffer(outcome)) return outcome;
      this.passOver(origin, outcome, tried);
    }
  }

  /** A stream to one replica. */
  open(origin: string, { method, metadata, deadlineMs, gone }: Sending): ClientDuplexStream<Buffer, Buffer> {
    const client = this.clientAt(origin);
    const { path, requestSerialize, responseDeserialize } = method;
    const options = { deadline: deadlineMs };
    const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata, options);
    const flights = this.parts.inFlight.at(origin);
    flights.count += 1;
    const stay = gone.add(() => {
      stream.cancel();
    });
    stream.once('status', () => {
      flights.count -= 1;
      stay();
    });
    return stream;
  }

  /** Remembers that a replica failed, so that another is tried. @throws what is to be told instead of trying again */
  passOver(origin: string, error: StatusObject, tried: Set<string>): void {
    if (error.code === status.DEADLINE_EXCEEDED && !isFromReplica(error)) throw deadlinePassed();
    if (error.code !== status.UNAVAILABLE || isFromReplica(error)) throw new ReplicaStatus(error);
    this.parts.outages.failed(origin);
    tried.add(origin);
    if (tried.size >= MOST_TRIES) throw unreachable(error);
  }

  /** Resolves to the answer, or to why there is none. On the channel itself: what a client puts around each call, an emitter, interceptors and the stack of its caller, nobody asks for here. */
  private once(
    origin: string,
    message: Buffer,
    { method, metadata, deadlineMs, gone }: Sending,
  ): Promise<Buffer | StatusObject> {
    const call = this.clientAt(origin).getChannel().createCall(method.path, deadlineMs, null, null, null);
    const flights = this.parts.inFlight.at(origin);
    flights.count += 1;
    const stay = gone.add(() => {
      call.cancelWithStatus(status.CANCELLED, 'the client left');
    });
    return new Promise((resolve) => {
      let answer: Buffer | undefined;
      call.start(metadata, {
        onReceiveMetadata: () => undefined,
        onReceiveMessage: (received: Buffer) => {
          answer = received;
        },
        onReceiveStatus: (told) => {
          flights.count -= 1;
          stay();
          if (told.code !== status.OK) resolve(told);
          else {
            this.parts.outages.reached(origin);
            resolve(answer ?? { ...told, code: status.INTERNAL, details: 'the replica gave no answer' });
          }
        },
      });
      call.startRead();
      call.sendMessageWithContext({}, message);
      call.halfClose();
    });
  }

  private clientAt(origin: string): Client {
    const port = this.parts.placements.grpcPortOf(origin);
    if (port !== undefined) return this.parts.channels.at(origin, port);
    throw gatewayProblem('unavailable', 'no_replica', 'the replica that has the model does not speak gRPC');
  }
}

export function deadlinePassed(): Error {
  return gatewayProblem('timeout', 'deadline_exceeded', "the call's deadline passed; it isn't run any more");
}

function unreachable({ details: said }: StatusObject): Error {
  const detail = 'no replica that has the model can be reached; nothing was done, try again in a moment';
  return gatewayProblem('unavailable', 'service_unavailable', detail, { retryAfterSeconds: 1, cause: new Error(said) });
}
