import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { status, type StatusObject } from '@grpc/grpc-js';
import { requestIdOf } from '../../http-adapter.js';
import { GrpcFault } from './grpc-fault.js';
import { onDeadline, timeoutMsOf } from './grpc-timeout.js';
import { ACCEPTED_ENCODINGS, MessageReader, bytesOf, framed } from './messages.js';

/** What all calls of a server share. */
export interface CallParts {
  readonly maxMessageBytes: number;
  /** What a call that failed is told. */
  readonly statusOf: (error: unknown, call: GrpcCall) => StatusObject;
}

/** A call as its handler sees it. */
export interface GrpcCall {
  /** Metadata, by lower-case names. */
  readonly headers: IncomingHttpHeaders;
  /** The caller's `x-request-id`, else a new one. */
  readonly requestId: string;
  /** Until when an answer is of use, Unix milliseconds; Infinity when the client does not say. */
  readonly deadlineMs: number;
  /** Whether it has ended already: the client left, or the deadline passed. */
  readonly cancelled: boolean;
  /** Whether the client proved a name that may call; always without TLS. */
  readonly isAllowed: boolean;
}

const ANSWER_HEADERS: OutgoingHttpHeaders = {
  ':status': 200,
  'content-type': 'application/grpc+proto',
  'grpc-accept-encoding': ACCEPTED_ENCODINGS,
  'grpc-encoding': 'identity',
};
/** The same as a list, which Node does not have to sort and check. */
const ANSWER_LIST: readonly string[] = Object.entries(ANSWER_HEADERS).flatMap(([name, value]) => [name, String(value)]);
const OK_TRAILERS: OutgoingHttpHeaders = { 'grpc-status': String(status.OK) };
const UNTIL_TRAILERS = { waitForTrailers: true } as const;

/** One call on its stream. It is answered once, whatever happens at the same time. No function is a field, as in `DirectExchange`. */
export class ServerCall implements GrpcCall {
  readonly headers: IncomingHttpHeaders;
  deadlineMs = Infinity;
  private readonly reader: MessageReader;
  private takeBackDeadline: (() => void) | undefined;
  private hasAnswered = false;
  private hasEnded = false;
  private ownRequestId: string | undefined;

  constructor(
    private readonly stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    readonly isAllowed: boolean,
    private readonly parts: CallParts,
  ) {
    this.headers = headers;
    this.reader = new MessageReader(parts.maxMessageBytes);
    // a client that breaks off is no fault
    stream.on('error', nothing);
  }

  get requestId(): string {
    return (this.ownRequestId ??= requestIdOf(this));
  }

  get cancelled(): boolean {
    return this.hasEnded || this.stream.destroyed || this.stream.closed;
  }

  /** Sets the deadline. False when there is nothing left to do. */
  begin(): boolean {
    const header = this.headers['grpc-timeout'];
    if (header === undefined) return true;
    try {
      const timeoutMs = timeoutMsOf(String(header));
      this.deadlineMs = Date.now() + timeoutMs;
      const takeBack = onDeadline(timeoutMs, () => {
        this.fail(new GrpcFault(status.DEADLINE_EXCEEDED, 'Deadline exceeded'));
      });
      this.takeBackDeadline = takeBack;
      this.stream.once('close', takeBack);
      return true;
    } catch (error) {
      this.fail(error);
      return false;
    }
  }

  /** Answers the only message of a call. */
  unary(answer: (message: Buffer) => Uint8Array | Promise<Uint8Array>): void {
    const { stream, reader } = this;
    let message: Buffer | Promise<Buffer> | undefined;
    stream.on('data', (piece: Buffer) => {
      if (this.hasEnded) return;
      try {
        for (const each of reader.push(piece)) {
          if (message !== undefined)
            throw new GrpcFault(status.UNIMPLEMENTED, 'Received more than one request message');
          message = this.read(each);
          // it is waited for when the client has said all
          if (message instanceof Promise) message.catch(nothing);
        }
      } catch (error) {
        this.fail(error);
      }
    });
    stream.on('end', () => {
      if (message instanceof Promise)
        this.later(message, (bytes) => {
          this.answer(answer, bytes);
        });
      else this.answer(answer, message);
    });
  }

  private answer(answer: (message: Buffer) => Uint8Array | Promise<Uint8Array>, message: Buffer | undefined): void {
    if (this.cancelled) return;
    try {
      if (message === undefined) throw this.missing();
      const answered = answer(message);
      if (answered instanceof Promise)
        this.later(answered, (late) => {
          this.finish(late);
        });
      else this.finish(answered);
    } catch (error) {
      this.fail(error);
    }
  }

  private later<T>(value: Promise<T>, step: (value: T) => void): void {
    value.then(step).catch((error: unknown) => {
      this.fail(error);
    });
  }

  /** The messages of a stream, one after the other: what comes meanwhile waits at the client. */
  async *messages(): AsyncGenerator<Buffer> {
    for await (const piece of this.stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>)
      for (const message of this.reader.push(piece)) yield await this.read(message);
    if (this.reader.isWithin) throw this.missing();
  }

  /** One more message of a streamed answer. Resolves when there is room for the next. */
  write(message: Uint8Array): Promise<void> {
    const { stream } = this;
    if (this.cancelled) return Promise.resolve();
    this.respond();
    if (stream.write(framed(message))) return Promise.resolve();
    return new Promise((resolve) => {
      stream.once('drain', resolve).once('close', resolve);
    });
  }

  /** Ends the call well, with a last message or without. */
  finish(message?: Uint8Array): void {
    if (this.cancelled) return;
    this.end();
    this.respond();
    this.trail(OK_TRAILERS);
    if (message === undefined) this.stream.end();
    else this.stream.end(framed(message));
  }

  /** Ends the call with what `statusOf` says of an error. */
  fail(error: unknown): void {
    if (this.cancelled) return;
    this.end();
    const { stream } = this;
    const { code, details, metadata } =
      error instanceof GrpcFault
        ? { code: error.code, details: error.details, metadata: undefined }
        : this.parts.statusOf(error, this);
    const trailers = {
      'grpc-status': String(code),
      'grpc-message': percentEncoded(details),
      ...metadata?.toHttp2Headers(),
    };
    if (this.hasAnswered) {
      this.trail(trailers);
      stream.end();
    } else stream.respond({ ...ANSWER_HEADERS, ...trailers }, { endStream: true });
    // what the client still sends is let through, and to nobody
    stream.resume();
  }

  private read(message: Parameters<typeof bytesOf>[0]): Buffer | Promise<Buffer> {
    return bytesOf(message, this.headers['grpc-encoding'] as string | undefined, this.parts.maxMessageBytes);
  }

  private missing(): GrpcFault {
    return this.reader.isWithin
      ? new GrpcFault(status.INTERNAL, 'The stream ended within a message')
      : new GrpcFault(status.UNIMPLEMENTED, 'Received no request message');
  }

  private end(): void {
    this.hasEnded = true;
    this.takeBackDeadline?.();
  }

  private respond(): void {
    if (this.hasAnswered) return;
    this.hasAnswered = true;
    this.stream.respond(ANSWER_LIST, UNTIL_TRAILERS);
  }

  private trail(trailers: OutgoingHttpHeaders): void {
    const { stream } = this;
    stream.once('wantTrailers', () => {
      stream.sendTrailers(trailers);
    });
  }
}

function nothing(): void {
  // heard of elsewhere, too
}

/** As `grpc-message` wants it: what is not printable ASCII, and the percent sign, as `%` and two digits of each byte of UTF-8. */
function percentEncoded(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[^\x20-\x24\x26-\x7e]+/g, (part) =>
      Array.from(Buffer.from(part), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
    );
}
