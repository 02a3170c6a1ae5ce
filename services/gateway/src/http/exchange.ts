import type { IncomingMessage, ServerResponse } from 'node:http';
import { Arrival } from '../entrance/arrival.js';

/** A request over HTTP/1.1 and its answer. */
export class Exchange extends Arrival {
  /** Called when the answer is all sent, or the client left. */
  onClose: (() => void) | undefined;

  constructor(
    readonly request: IncomingMessage,
    readonly response: ServerResponse,
  ) {
    super(request.method ?? '', request.url ?? '/', request.headers);
  }
}
