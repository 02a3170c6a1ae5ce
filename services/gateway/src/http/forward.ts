import type { Readable } from 'node:stream';
import { INTERNAL_AUDIENCE } from '@myriad/http';
import { ProblemError } from '@myriad/kernel';
import { startSpan, type OpenSpan } from '@myriad/telemetry';
import type { InternalTokens } from '../application/internal-tokens.js';
import { NoAnswer } from '../application/collect-answer.js';
import type { Flight, UpstreamListener, UpstreamRequest, Upstreams } from '../application/ports.js';
import { gatewayProblem } from '../domain/gateway-problem.js';
import { Answer } from './answer.js';
import { deadlineOf } from './deadline.js';
import type { Exchange } from './exchange.js';
import { deadlinePassed, failureProblem, isPast } from './forward-failures.js';
import { isGathered, type Gather } from './gather.js';
import { forwardedHeaders, returnedHeaders, withoutHeader } from './headers.js';
import { ProtocolRefusal } from './refusal.js';
import { declaredBody, requestBody } from './request-body.js';
import { maxBodyBytes, type RouteTarget } from '../entrance/route-targets.js';
import type { ServiceOrigins } from './service-origins.js';

export interface ForwardOptions {
  readonly origins: ServiceOrigins;
  readonly tokens: InternalTokens;
  readonly upstreams: Upstreams;
  readonly gather: Gather;
  /** A small body must be there, and a large one go on, within, milliseconds. */
  readonly bodyTimeoutMs: number;
  /** Longest wait for the head of a prediction's answer, milliseconds. */
  readonly predictionTimeoutMs: number;
  /** Longest wait for the head of any other answer, milliseconds. */
  readonly answerTimeoutMs: number;
}

/** Longest pause within an answer that is no event stream, milliseconds. */
const PAUSE_TIMEOUT_MS = 60_000;

/** Sends an admitted request to its service and the answer back. */
export class Forward {
  constructor(private readonly options: ForwardOptions) {}

  /** `refuse` hears what went wrong before any of the answer was sent. @throws likewise */
  execute(exchange: Exchange, target: RouteTarget, refuse: (error: unknown) => void): void | Promise<void> {
    this.options.origins.check(exchange, target);
    const body = this.bodyOf(exchange, target);
    const headers = this.headersOf(exchange, target);
    if (body instanceof Promise || headers instanceof Promise)
      return Promise.all([body, headers]).then((sent) => this.send({ exchange, target, refuse }, ...sent));
    return this.send({ exchange, target, refuse }, body, headers);
  }

  private send(call: Call, body: Buffer | Readable | undefined, headers: string[]): void | Promise<void> {
    const { exchange, target } = call;
    if (exchange.response.destroyed) return undefined;
    const deadlineMs = deadlineOf(exchange);
    if (isPast(deadlineMs)) throw deadlinePassed();
    const span = clientSpan(exchange, target);
    headers.push('traceparent', span?.traceparent ?? exchange.traceparent);
    const timeoutMs = target.isPrediction ? this.options.predictionTimeoutMs : this.options.answerTimeoutMs;
    const sent = {
      method: target.route.method,
      path: exchange.url,
      headers,
      body,
      requestId: exchange.requestId,
      deadlineMs,
      isRepeatable: isRepeatable(exchange, target, body),
      headTimeoutMs: timeoutMs,
      pauseTimeoutMs: target.isEventStream ? 0 : PAUSE_TIMEOUT_MS,
    };
    if (isGathered(target)) return this.gather({ ...call, span }, sent);
    this.stream({ ...call, span }, sent);
    return undefined;
  }

  private stream(call: SpannedCall, sent: Omit<UpstreamRequest, 'origin'>): void {
    const { exchange, target, span } = call;
    const origin = (tried: ReadonlySet<string>): string => this.options.origins.of(exchange, target, tried);
    const flight: Flight = this.options.upstreams.send(
      { ...sent, origin },
      answering(call, () => {
        flight.resume();
      }),
    );
    exchange.onClose = () => {
      if (!exchange.response.writableFinished) flight.abort();
      span?.end();
    };
  }

  /** Asks several replicas, and answers with what they say together. */
  private async gather({ exchange, target, span }: SpannedCall, sent: Omit<UpstreamRequest, 'origin'>): Promise<void> {
    const { body } = sent;
    try {
      const whole =
        body === undefined || Buffer.isBuffer(body) ? body : Buffer.concat((await body.toArray()) as Buffer[]);
      const headers = withoutHeader(sent.headers, 'accept-encoding');
      const answer = await this.options.gather.execute(exchange, target, { ...sent, headers, body: whole });
      const { response } = exchange;
      const own = { ...exchange.headers, 'content-length': String(answer.body.length) };
      response.writeHead(answer.status, returnedHeaders(answer.headers, own));
      response.end(answer.body);
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      throw failureProblem(error.failure, exchange, target);
    } finally {
      span?.end();
    }
  }

  private bodyOf({ request }: Exchange, target: RouteTarget): ReturnType<typeof requestBody> {
    const declared = declaredBody(request);
    if (declared.hasBody && request.method === 'GET')
      throw gatewayProblem('invalid', 'body_unexpected', 'a GET has no body');
    return requestBody(request, declared, {
      maxBytes: maxBodyBytes(target),
      timeoutMs: this.options.bodyTimeoutMs,
    });
  }

  private headersOf(exchange: Exchange, { service }: RouteTarget): string[] | Promise<string[]> {
    const { request, session, requestId } = exchange;
    const headers = forwardedHeaders(request.rawHeaders, request.headers.connection);
    headers.push('x-request-id', requestId);
    if (session === undefined) return headers;
    const audience = service === 'realtime' ? `myriad-realtime-${session.environment}` : INTERNAL_AUDIENCE;
    const authorization = this.options.tokens.of(session, audience, requestId);
    if (typeof authorization !== 'string') return authorization.then((minted) => [...headers, 'authorization', minted]);
    headers.push('authorization', authorization);
    return headers;
  }
}

/** The call of the service, within the request's span: the time between the two is the gateway's own. undefined where nobody takes spans. */
function clientSpan({ span, traceparent }: Exchange, { service, route }: RouteTarget): OpenSpan | undefined {
  if (span?.traceparent === undefined) return undefined;
  const attributes = { 'http.request.method': route.method, 'url.template': route.path, 'server.address': service };
  return startSpan(`${route.method} ${route.path}`, { kind: 'client', attributes, parent: traceparent });
}

/** Reading twice, predicting twice, or doing twice what a service does once by its key, is as good as once. */
function isRepeatable({ request }: Exchange, { isPrediction }: RouteTarget, body: unknown): boolean {
  if (request.method === 'GET') return true;
  const canBeSentAgain = body === undefined || Buffer.isBuffer(body);
  return canBeSentAgain && (isPrediction || request.headers['idempotency-key'] !== undefined);
}

interface Call {
  readonly exchange: Exchange;
  readonly target: RouteTarget;
  readonly refuse: (error: unknown) => void;
}

interface SpannedCall extends Call {
  readonly span: OpenSpan | undefined;
}

/** @param resume more of the answer is wanted */
function answering({ exchange, target, refuse, span }: SpannedCall, resume: () => void): UpstreamListener {
  const { response, headers: own } = exchange;
  const answer = new Answer(response, own);
  let failure: string | undefined;
  return {
    onHead: (status, headers) => {
      span?.set({ 'http.response.status_code': status });
      if (status >= 400) failure = String(status);
      answer.begin(status, headers, target.isEventStream);
    },
    onData: (chunk) => {
      const isTaken = answer.add(chunk);
      if (!isTaken) response.once('drain', resume);
      return isTaken;
    },
    onEnd: () => {
      span?.end(failure);
      answer.end();
    },
    onFailure: (failure, cause) => {
      span?.end(failure);
      if (response.headersSent) response.destroy(cause);
      else if (cause instanceof ProblemError || cause instanceof ProtocolRefusal) refuse(cause);
      else refuse(failureProblem(failure, exchange, target));
    },
  };
}
