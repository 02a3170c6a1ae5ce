import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { RequestContext } from '@myriad/kernel';
import { type LogFields } from '@myriad/telemetry';
import { callerOf, contextOf, refuseOutOfScope } from '../authorize.js';
import { mediaTypeOf, refuseMediaType } from '../body-parser.js';
import { decodeBody } from '../decode-body.js';
import { requestIdOf } from '../http-adapter.js';
import type { Caller } from '../internal-token-verifier.js';
import type { HttpAppOptions, HttpLimits } from '../options.js';
import { refusalOf } from '../problem-of.js';
import { collectBody, tooSlow, type BodyReader } from '../read-body.js';
import { endSpan, recordRequest, requestSpan, type InFlight } from '../request-record.js';
import { traceparentOf } from '../request-telemetry.js';
import type { Deadlines, Waiting } from './deadlines.js';
import type { DirectCall, DirectMatch } from './direct-routes.js';

/** What all exchanges of a server share. */
export interface DirectParts extends Pick<HttpAppOptions, 'logger' | 'verifier'> {
  readonly limits: Pick<HttpLimits, 'maxBodyBytes' | 'bodyTimeoutMs'>;
  readonly inFlight: InFlight;
  /** Of bodies. */
  readonly deadlines: Deadlines;
}

/** The client left before it had its answer (a convention of proxies; never sent). */
const CLIENT_GONE = 499;
const NO_BODY = Buffer.alloc(0);
const FEW_BYTES = 4_096;

/**
 * One request for a direct route: its caller, its body, its answer. What can be done at once is done without a promise. No function is a field: V8 puts one that is assigned to a property into the old
 * space from the start, and each would keep its request until a full collection.
 */
export class DirectExchange implements DirectCall, BodyReader {
  readonly requestId: string;
  readonly headers: IncomingHttpHeaders;
  params: Readonly<Record<string, string>> = {};
  body: Buffer = NO_BODY;
  private readonly startMs = performance.now();
  private readonly span;
  private readonly logFields: LogFields;
  private readonly answerHeaders: Record<string, string | number>;
  private caller: RequestContext | undefined;
  private code: string | undefined;
  private waiting: Waiting | undefined;

  constructor(
    private readonly parts: DirectParts,
    private readonly match: DirectMatch,
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
  ) {
    const { route } = match;
    const { method = '', url = '', headers } = request;
    this.headers = headers;
    this.requestId = requestIdOf(request);
    this.logFields = { requestId: this.requestId };
    this.span = requestSpan({ method, url }, route, traceparentOf(request));
    this.answerHeaders = { 'x-request-id': this.requestId, 'content-type': route.responseType ?? 'application/json' };
    parts.inFlight.count += 1;
    response.once('close', () => {
      this.end();
    });
  }

  get context(): RequestContext {
    if (this.caller === undefined) throw new TypeError('the caller is not known yet');
    return this.caller;
  }

  get isGone(): () => boolean {
    return () => this.request.socket.destroyed;
  }

  setHeader(name: string, value: string): void {
    this.answerHeaders[name] = value;
  }

  /** A body that is there by now is taken in one piece. */
  begin(): void {
    this.attempt(() => {
      const caller = callerOf(this.request, this.parts.verifier);
      if ('claims' in caller) this.admit(caller);
      else
        this.later(caller, (verified) => {
          this.admit(verified);
        });
    });
  }

  /** The whole body is there. */
  read(bytes: Buffer): void {
    this.stopWaiting();
    const encoding = this.headers['content-encoding'];
    if (encoding === undefined) this.answer(bytes);
    else
      this.later(decodeBody(bytes, encoding, this.maxBodyBytes), (decoded) => {
        this.answer(decoded);
      });
  }

  /** The body is too large, too slow, or broke off. */
  failed(error: Error): void {
    this.stopWaiting();
    this.refuse(error);
  }

  private get maxBodyBytes(): number {
    return this.match.route.maxBodyBytes ?? this.parts.limits.maxBodyBytes;
  }

  private admit(caller: Caller): void {
    const { route } = this.match;
    const { tenantId } = caller;
    this.caller = contextOf(caller, this.requestId, this.span.traceparent);
    this.logFields.tenantId = tenantId;
    this.span.set({ 'myriad.tenant_id': tenantId });
    refuseOutOfScope(route, caller);
    const mediaType = route.bytesBody === undefined ? '' : mediaTypeOf(this.headers);
    if (mediaType !== '') refuseMediaType(mediaType, route.bytesBody ?? []);
    const { request, maxBodyBytes } = this;
    const refused = this.match.refusal?.(tenantId);
    if (refused !== undefined) {
      // its bytes are let go, so that one that is held back costs little
      request.resume();
      void refused.then((problem) => {
        this.refuse(problem);
      });
    } else if (request.complete && request.readableLength <= maxBodyBytes)
      this.read((request.read() as Buffer | null) ?? NO_BODY);
    else this.await(request, maxBodyBytes);
  }

  private await(request: IncomingMessage, maxBodyBytes: number): void {
    const { deadlines, limits } = this.parts;
    const fail = collectBody(request, maxBodyBytes, this);
    // it may be refused by now
    if (this.response.writableEnded) return;
    this.waiting = deadlines.add(this.startMs, () => {
      fail(tooSlow('the body', limits.bodyTimeoutMs));
    });
  }

  private stopWaiting(): void {
    if (this.waiting !== undefined) this.parts.deadlines.remove(this.waiting);
  }

  private answer(bytes: Buffer): void {
    this.attempt(() => {
      this.body = bytes;
      this.params = this.match.params();
      const answer = this.span.run(() => this.match.handler(this), this.logFields);
      if (typeof answer === 'string' || Buffer.isBuffer(answer)) this.send(answer);
      else
        this.later(answer, (late) => {
          this.send(late);
        });
    });
  }

  private later<T>(value: Promise<T>, step: (value: T) => void): void {
    value.then(
      (resolved) => {
        this.attempt(() => {
          step(resolved);
        });
      },
      (error: unknown) => {
        this.refuse(error);
      },
    );
  }

  private attempt(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.refuse(error);
    }
  }

  private send(body: string | Buffer): void {
    this.answerHeaders['content-length'] = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    this.response.writeHead(this.match.route.status ?? 200, this.answerHeaders);
    // Node joins text with the headers to one write; bytes are a second one, which costs more than these few do as text
    if (typeof body !== 'string' && body.length <= FEW_BYTES) this.response.end(body.toString('latin1'), 'latin1');
    else this.response.end(body);
  }

  private refuse(error: unknown): void {
    const { response, request, requestId } = this;
    const { problem, headers, isFault } = refusalOf(error, { id: requestId, url: request.url });
    if (isFault)
      this.parts.logger.error({ err: error, requestId, code: problem.code, ...this.logFields }, 'a request failed');
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    this.code = problem.code;
    const body = JSON.stringify(problem);
    const length = { 'content-length': Buffer.byteLength(body) };
    response.writeHead(problem.status, { 'x-request-id': requestId, ...headers, ...length }).end(body);
  }

  private end(): void {
    const { response, parts, match, request, span, code } = this;
    parts.inFlight.count -= 1;
    const status = response.headersSent ? response.statusCode : CLIENT_GONE;
    endSpan(span, status, code);
    recordRequest(parts.logger, {
      requestId: this.requestId,
      method: request.method ?? '',
      route: match.route,
      context: this.caller,
      status,
      durationMs: performance.now() - this.startMs,
      code,
    });
  }
}
