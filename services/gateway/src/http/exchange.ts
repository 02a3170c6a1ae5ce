import type { IncomingMessage, ServerResponse } from 'node:http';
import { splitTenantPrefix } from '../domain/tenant-prefix.js';
import { Arrival } from '../entrance/arrival.js';

/** A request over HTTP/1.1 and its answer. */
export class Exchange extends Arrival {
  /** Called when the answer is all sent, or the client left. */
  onClose: (() => void) | undefined;

  constructor(
    readonly request: IncomingMessage,
    readonly response: ServerResponse,
  ) {
    const { tenantId, url } = splitTenantPrefix(request.url ?? '/');
    // what is matched, forwarded and told is the path without it
    if (tenantId !== undefined) request.url = url;
    super(request.method ?? '', url, request.headers);
    this.pathTenantId = tenantId;
  }
}
