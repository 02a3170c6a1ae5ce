import { Readable } from 'node:stream';
import { StreamableFile } from '@nestjs/common';

/** One server-sent event. */
export interface ServerSentEvent {
  /** What a client that comes back sends as `Last-Event-ID`. */
  readonly id?: string;
  /** Its name; clients hear the nameless ones as `message`. */
  readonly event?: string;
  /** Sent as JSON. */
  readonly data: unknown;
}

export interface EventStreamOptions {
  /** A comment is sent when nothing else was for so long, so that proxies keep the connection. Milliseconds, default 15,000. */
  readonly heartbeatMs?: number;
}

/** The text of server-sent events as it goes out. */
export class EventText extends Readable {
  private readonly abort = new AbortController();
  private readonly heartbeat: NodeJS.Timeout;
  private wake: (() => void) | undefined;
  private isStarted = false;

  constructor(
    private readonly open: (signal: AbortSignal) => AsyncIterable<ServerSentEvent>,
    options: EventStreamOptions = {},
  ) {
    super({ highWaterMark: 64 * 1024 });
    const everyMs = options.heartbeatMs ?? 15_000;
    this.heartbeat = setInterval(() => {
      if (this.readableLength === 0) this.push(': still here\n\n');
    }, everyMs);
  }

  /** Ends the stream after what was sent; the client may come back with the last id it saw. */
  finish(): void {
    if (this.readableEnded || this.destroyed || this.abort.signal.aborted) return;
    this.stop();
    this.push(null);
  }

  override _read(): void {
    this.wake?.();
    if (this.isStarted) return;
    this.isStarted = true;
    // A comment at once, so that the headers go out before the first event.
    this.push(': open\n\n');
    void this.pump();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.stop();
    done(error);
  }

  private stop(): void {
    clearInterval(this.heartbeat);
    this.abort.abort();
    this.wake?.();
  }

  private async pump(): Promise<void> {
    const { signal } = this.abort;
    try {
      for await (const event of this.open(signal)) {
        this.heartbeat.refresh();
        if (!this.push(encode(event))) await this.drained();
        if (signal.aborted) return;
      }
      this.finish();
    } catch (error) {
      if (!signal.aborted) this.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  private drained(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = () => {
        this.wake = undefined;
        resolve();
      };
    });
  }
}

/** What a handler of a route with `responseType: 'text/event-stream'` answers; made by {@link eventStream}. */
export class EventStream extends StreamableFile {}

/**
 * Streams events to the client until `open`'s iteration ends, the client leaves or the service stops; `signal` aborts in the last two
 * cases. A client that reads slowly holds the iteration back.
 */
export function eventStream(
  open: (signal: AbortSignal) => AsyncIterable<ServerSentEvent>,
  options?: EventStreamOptions,
): EventStream {
  return new EventStream(new EventText(open, options));
}

const oneLine = (text: string): string => text.replaceAll(/[\r\n\0]/g, ' ');

function encode({ id, event, data }: ServerSentEvent): string {
  const head =
    (id === undefined ? '' : `id: ${oneLine(id)}\n`) + (event === undefined ? '' : `event: ${oneLine(event)}\n`);
  return `${head}data: ${JSON.stringify(data)}\n\n`;
}
