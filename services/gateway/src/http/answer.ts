import type { ServerResponse } from 'node:http';
import { returnedHeaders, valueOf } from './headers.js';

/** Answers up to here that come in one piece go out in one write, head and all, bytes. */
const WHOLE_BYTES = 16_384;

/** A service's answer on its way to the client: streamed, or, when it is small and all there, sent in one write. */
export class Answer {
  /** Until the head is sent; names and values in turn. */
  private headers: readonly string[] | undefined;
  private status = 0;
  /** As the service says; Infinity when it does not. */
  private sizeBytes = Infinity;

  constructor(
    private readonly response: ServerResponse,
    /** Headers that the gateway says itself. */
    private readonly own: Readonly<Record<string, string>>,
  ) {}

  /** @param isLive the head must be seen before there is a body */
  begin(status: number, headers: readonly string[], isLive: boolean): void {
    this.status = status;
    this.headers = headers;
    this.sizeBytes = Number(valueOf(headers, 'content-length') ?? Infinity);
    if (!isLive && this.sizeBytes <= WHOLE_BYTES) return;
    this.sendHead();
    if (isLive) this.response.flushHeaders();
  }

  /** False when no more is wanted until the response has drained. */
  add(chunk: Buffer): boolean {
    const { response, sizeBytes } = this;
    if (this.headers === undefined) return response.write(chunk);
    this.sendHead();
    if (sizeBytes !== chunk.length) return response.write(chunk);
    // Node puts the head before a string, but sends a buffer beside it; as Latin-1 each byte is itself
    response.end(chunk.toString('latin1'), 'latin1');
    return true;
  }

  end(): void {
    this.sendHead();
    if (!this.response.writableEnded) this.response.end();
  }

  private sendHead(): void {
    const { headers } = this;
    if (headers === undefined) return;
    this.headers = undefined;
    this.response.writeHead(this.status, returnedHeaders(headers, this.own));
  }
}
