import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { OriginOf, ReplicaCalls, Sending } from './replica-calls.js';
import { ReplicaLane } from './replica-lane.js';

/** Where a message goes. */
export interface Direction {
  readonly model: string;
  readonly originOf: OriginOf;
  readonly sending: Sending;
}

/** Or the answer to the client that says why it goes nowhere. */
export type Directed = Direction | { readonly refusal: Buffer };

export interface StreamParts {
  readonly calls: ReplicaCalls;
  /** Asked for each message. @throws what ends the stream */
  readonly direct: (message: Buffer) => Promise<Directed>;
}

const NONE: ReadonlySet<string> = new Set();

/**
 * One answer for each message, in order. Messages for the same replica follow one another without a wait; one for another replica waits until what went before is answered.
 * @throws what ends the stream
 */
export async function forwardStream(call: ServerDuplexStream<Buffer, Buffer>, parts: StreamParts): Promise<void> {
  const lanes = new Lanes(call, parts.calls);
  try {
    // what ends the loop has still to be told on the stream
    const messages = call.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
    for await (const message of messages) {
      const directed = await parts.direct(message);
      if ('refusal' in directed) {
        await lanes.idle();
        call.write(directed.refusal);
      } else {
        const lane = await lanes.take(directed);
        await lane.send(message, directed);
      }
    }
    await lanes.idle();
    call.end();
  } finally {
    lanes.close();
  }
}

/** A client's stream has one lane to each replica, and one that is used. */
class Lanes {
  private readonly lanes = new Map<string, ReplicaLane>();
  private current: ReplicaLane | undefined;
  private model: string | undefined;

  constructor(
    private readonly call: ServerDuplexStream<Buffer, Buffer>,
    private readonly calls: ReplicaCalls,
  ) {}

  /** The lane for a model: the same as before for the same model, as long as it leads to its replica. */
  async take({ model, originOf, sending }: Direction): Promise<ReplicaLane> {
    const { current } = this;
    if (current !== undefined && !current.isOver && model === this.model) return current;
    const origin = originOf(NONE);
    let lane = this.lanes.get(origin);
    if (lane !== current) await current?.idle();
    if (lane === undefined || lane.isOver) {
      await lane?.idle();
      lane?.close();
      lane = new ReplicaLane(this.call, this.calls, origin, sending.gone);
      this.lanes.set(origin, lane);
    }
    this.current = lane;
    this.model = model;
    return lane;
  }

  async idle(): Promise<void> {
    await this.current?.idle();
  }

  close(): void {
    for (const lane of this.lanes.values()) lane.close();
  }
}
