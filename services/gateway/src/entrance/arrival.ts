import { isTraceparent, startSpan, type OpenSpan } from '@myriad/telemetry';
import type { PrincipalEntry } from '../application/identity-tables.js';
import type { Session } from '../application/session.js';
import { randomHex } from './random-hex.js';
import type { RouteTarget } from './route-targets.js';

const REQUEST_ID = /^[\w.:-]{1,128}$/;

/** By lower-case names. */
export type SentHeaders = Readonly<Record<string, string | string[] | Buffer | undefined>>;

/** A request by whatever protocol: what it says of itself, and what is found out about it on its way. */
export class Arrival {
  readonly requestId: string;
  readonly startedMs = performance.now();
  /** Headers of the answer that the gateway says itself. */
  readonly headers: Record<string, string>;
  target: RouteTarget | undefined;
  principal: PrincipalEntry | undefined;
  session: Session | undefined;
  span: OpenSpan | undefined;
  /** What is sent on with the request. */
  traceparent = '';
  /** Code of the refusal, when the gateway refused. */
  code: string | undefined;
  /** The tenant that a prefix of the path named. */
  pathTenantId: string | undefined;
  /** Whether it counts among its tenant's requests in flight. */
  isCounted = false;

  constructor(
    readonly method: string,
    /** With the query. */
    readonly url: string,
    private readonly sent: SentHeaders,
  ) {
    const id = this.header('x-request-id');
    this.requestId = id !== undefined && REQUEST_ID.test(id) ? id : randomHex(16);
    this.headers = { 'x-request-id': this.requestId };
  }

  header(name: string): string | undefined {
    const value = this.sent[name];
    return typeof value === 'string' ? value : undefined;
  }

  /** Begins the request's span: in the caller's trace, or in a new one. */
  trace(): void {
    const sent = this.header('traceparent');
    const parent = sent !== undefined && isTraceparent(sent) ? sent : undefined;
    const { method, url } = this;
    const attributes = { 'http.request.method': method, 'url.scheme': 'http', 'url.path': url.split('?', 1)[0] ?? '' };
    this.span = startSpan(method, { kind: 'server', attributes, parent });
    this.traceparent = this.span.traceparent ?? `00-${randomHex(16)}-${randomHex(8)}-01`;
  }

  get durationMs(): number {
    return performance.now() - this.startedMs;
  }
}
