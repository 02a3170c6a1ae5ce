import type { ServerResponse } from 'node:http';
import { returnedHeaders } from './headers.js';

/** Answers up to here that come in one piece go out in one write, head and all, bytes. */
const WHOLE_BYTES = 16_384;

type Head = Readonly<Record<string, string | string[] | undefined>>;

/** A service's answer on its way to the client: streamed, or, when it is small and all there, sent in one write. */
export class Answer {
  /** Until the head is sent. */
  private head: { readonly status: number; readonly headers: Head } | undefined;

  constructor(
    private readonly response: ServerResponse,
    /** Headers that the gateway says itself. */
    private readonly own: Readonly<Record<string, string>>,
  ) {}

  /** @param isLive the head must be seen before there is a body */
  begin(status: number, headers: Head, isLive: boolean): void {
    this.head = { status, headers };
    if (!isLive && Number(headers['content-length'] ?? Infinity) <= WHOLE_BYTES) return;
    this.sendHead();
    if (isLive) this.response.flushHeaders();
  }

  /** False when no more is wanted until the response has drained. */
  add(chunk: Buffer): boolean {
    const { head, response } = this;
    if (head === undefined) return response.write(chunk);
    const isWhole = Number(head.headers['content-length']) === chunk.length;
    this.sendHead();
    if (!isWhole) return response.write(chunk);
    // Node puts the head before a string, but sends a buffer beside it; as Latin-1 each byte is itself
    response.end(chunk.toString('latin1'), 'latin1');
    return true;
  }

  end(): void {
    this.sendHead();
    if (!this.response.writableEnded) this.response.end();
  }

  private sendHead(): void {
    const { head } = this;
    if (head === undefined) return;
    this.head = undefined;
    this.response.writeHead(head.status, { ...returnedHeaders(head.headers), ...this.own });
  }
}
