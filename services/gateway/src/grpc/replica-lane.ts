import type { ClientDuplexStream, ServerDuplexStream, ServiceError } from '@grpc/grpc-js';
import type { ClientGone } from './client-gone.js';
import type { OriginOf, ReplicaCalls, Sending } from './replica-calls.js';

/** Messages that may be unanswered, and their bytes (or one message): they are kept, to go elsewhere when the replica goes away. */
const MOST_UNANSWERED = 64;
const MOST_UNANSWERED_BYTES = 16 * 1_048_576;

interface Route {
  readonly originOf: OriginOf;
  readonly sending: Sending;
}

/** The part of a client's stream that goes to one replica. */
export class ReplicaLane {
  private stream: ClientDuplexStream<Buffer, Buffer> | undefined;
  private readonly unanswered: Buffer[] = [];
  private unansweredBytes = 0;
  private readonly tried = new Set<string>();
  private failure: Error | undefined;
  private isClosed = false;
  private isAway = false;
  private readonly stay: () => void;
  private wake: (() => void) | undefined;

  constructor(
    private readonly call: ServerDuplexStream<Buffer, Buffer>,
    private readonly calls: ReplicaCalls,
    private origin: string,
    gone: ClientGone,
  ) {
    this.stay = gone.add(() => {
      this.tellWaiting();
    });
  }

  /** Whether it takes no more: it moved away from its replica, or failed. */
  get isOver(): boolean {
    return this.isAway || this.failure !== undefined;
  }

  /** Resolves when the message was sent. @throws what ends the client's stream */
  async send(message: Buffer, route: Route): Promise<void> {
    await this.until(() => this.unanswered.length < MOST_UNANSWERED && this.unansweredBytes < MOST_UNANSWERED_BYTES);
    this.unanswered.push(message);
    this.unansweredBytes += message.length;
    if (this.stream === undefined) this.open(route);
    else this.stream.write(message);
  }

  /** Resolves when all that was sent is answered. @throws what ends the client's stream */
  idle(): Promise<void> {
    return this.until(() => this.unanswered.length === 0);
  }

  close(): void {
    this.isClosed = true;
    this.stay();
    this.stream?.end();
  }

  /** Sends all that is not answered. */
  private open(route: Route): void {
    const stream = this.calls.open(this.origin, route.sending);
    this.stream = stream;
    stream.on('data', (answer: Buffer) => {
      this.answer(stream, answer);
    });
    stream.once('error', (error: Error) => {
      this.end(route, error as ServiceError);
    });
    for (const message of this.unanswered) stream.write(message);
  }

  private answer(stream: ClientDuplexStream<Buffer, Buffer>, answer: Buffer): void {
    this.unansweredBytes -= this.unanswered.shift()?.length ?? 0;
    this.tellWaiting();
    if (this.call.write(answer)) return;
    // a client that reads slowly is waited for
    stream.pause();
    this.call.once('drain', () => {
      stream.resume();
    });
  }

  private end(route: Route, error: ServiceError): void {
    this.stream = undefined;
    this.isAway = true;
    if (this.isClosed || this.call.cancelled || this.unanswered.length === 0) return;
    try {
      this.calls.passOver(this.origin, error, this.tried);
      this.origin = route.originOf(this.tried);
      this.open(route);
    } catch (failure) {
      this.failure = failure as Error;
    }
    this.tellWaiting();
  }

  private async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      if (this.failure !== undefined) throw this.failure;
      if (this.call.cancelled) throw new Error('the client is gone');
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
    if (this.failure !== undefined) throw this.failure;
  }

  private tellWaiting(): void {
    this.wake?.();
    this.wake = undefined;
  }
}
