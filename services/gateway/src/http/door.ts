import { createServer, type IncomingMessage, type Server } from 'node:http';
import { observedGauge, traceFieldsOf, type Logger } from '@myriad/telemetry';
import { KEEP_ALIVE_GRACE_MS, KEEP_ALIVE_MS, ServerDrain, isMlflowUrl, spokenFor } from '@myriad/http';
import { gatewayProblem } from '../domain/gateway-problem.js';
import type { RouteTable } from '../domain/route-table.js';
import { isSafePath } from '../domain/safe-path.js';
import type { Admit } from '../entrance/admit.js';
import { answerBrokenRequest } from './broken-request.js';
import type { ClientAddress } from './client-address.js';
import { Exchange } from './exchange.js';
import type { Forward } from './forward.js';
import type { OwnRoutes } from './own-routes.js';
import type { RecordRequest } from '../entrance/record-request.js';
import { ProtocolRefusal, refusalOf, sendProblem } from './refusal.js';
import type { RouteTarget } from '../entrance/route-targets.js';

export interface DoorOptions {
  readonly routes: RouteTable<RouteTarget>;
  readonly ownRoutes: OwnRoutes;
  readonly admit: Admit;
  readonly clientAddress: ClientAddress;
  readonly forward: Forward;
  readonly record: RecordRequest;
  readonly logger: Logger;
  /** Answers an admitted request for a route of the gateway's own contract. */
  readonly answerOwn: (exchange: Exchange) => void;
  /** Whether keys and placements are known. */
  readonly isReady: () => boolean;
}

/** A request's head must be there within, milliseconds. */
const HEADERS_TIMEOUT_MS = 10_000;
/** A whole request, streamed uploads included, may take so long to arrive, milliseconds. */
const REQUEST_TIMEOUT_MS = 3_600_000;
/** After a refusal, the rest of a body is read away for so long, so that the client gets to see why, milliseconds. */
const LINGER_MS = 2_000;
const PRINTABLE = /^[\x21-\x7e]*$/;

/** The public door: plain Node HTTP, for every prediction passes here. */
export class Door {
  readonly server: Server;
  private inFlight = 0;
  private readonly drain: ServerDrain;

  constructor(private readonly options: DoorOptions) {
    const timeouts = {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveTimeoutBuffer: KEEP_ALIVE_GRACE_MS,
    };
    this.server = createServer({ ...timeouts, connectionsCheckingInterval: 2_000 }, (request, response) => {
      const exchange = new Exchange(request, response);
      this.inFlight += 1;
      response.once('close', () => {
        this.end(exchange);
      });
      // when the event loop has read what there is, most bodies are there
      setImmediate(this.begin, exchange);
    });
    this.drain = new ServerDrain(this.server);
    this.server.on('clientError', answerBrokenRequest);
    observedGauge('myriad_gateway_requests_in_flight', 'Requests that are being answered', () => this.inFlight);
  }

  listen(port: number, host: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, () => {
        const address = this.server.address();
        if (typeof address === 'object' && address !== null) resolve(`http://${host}:${address.port}`);
      });
    });
  }

  /** Whether it ends: connections end with their next answer. */
  get isClosing(): boolean {
    return this.drain.isDraining;
  }

  /** Ends without failing a request: see {@link ServerDrain}. */
  async close({ quietMs = 0, drainMs = 10_000 } = {}): Promise<void> {
    await this.drain.begin({ quietMs, drainMs });
    await new Promise((resolve) => this.server.close(resolve));
  }

  private end(exchange: Exchange): void {
    const { response } = exchange;
    this.inFlight -= 1;
    exchange.onClose?.();
    this.options.admit.leave(exchange);
    this.options.record.execute(exchange, response.headersSent ? response.statusCode : undefined);
  }

  private readonly begin = (exchange: Exchange): void => {
    void this.serve(exchange);
  };

  private async serve(exchange: Exchange): Promise<void> {
    const { request, response } = exchange;
    if (response.destroyed) return;
    try {
      const path = pathOf(request.url ?? '/');
      if (request.method === 'GET' && (await this.options.ownRoutes.serve(exchange, path))) return;
      exchange.trace();
      if (!this.options.isReady())
        throw gatewayProblem('unavailable', 'starting', 'the gateway is starting', { retryAfterSeconds: 1 });
      const target = this.targetOf(exchange, path);
      exchange.target = target;
      const admitting = this.options.admit.execute(exchange, target, () => this.options.clientAddress.of(request));
      if (admitting !== undefined) await admitting;
      if (target.service === 'gateway') {
        this.options.answerOwn(exchange);
        return;
      }
      const forwarding = this.options.forward.execute(exchange, target, (error) => {
        this.refuse(exchange, error);
      });
      if (forwarding !== undefined) await forwarding;
    } catch (error) {
      this.refuse(exchange, error);
    }
  }

  private targetOf({ request }: Exchange, path: string): RouteTarget {
    const match = this.options.routes.match(request.method ?? '', path);
    if (match.found === 'route') return match.value;
    if (match.found === 'nothing' && isMlflowUrl(path))
      throw gatewayProblem('unsupported', 'call_not_served', `the MLflow call ${path} is not served here`);
    if (match.found === 'nothing') throw gatewayProblem('not-found', 'route_not_found', `there is nothing at ${path}`);
    const allow = match.methods.join(', ');
    const detail = `${request.method ?? ''} is not allowed there; allowed is ${allow}`;
    throw new ProtocolRefusal({ status: 405, code: 'gateway.method_not_allowed', detail, headers: { allow } });
  }

  private refuse(exchange: Exchange, error: unknown): void {
    const { response, request, requestId } = exchange;
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    const { problem, headers } = refusalOf(error, requestId);
    if (problem.status === 500)
      this.options.logger.error(
        { err: error, requestId, ...traceFieldsOf(exchange.span === undefined ? undefined : exchange.traceparent) },
        'a request failed in the gateway',
      );
    exchange.code = problem.code;
    sendProblem(response, spokenFor(exchange.request.url, problem), { ...exchange.headers, ...headers });
    if (!request.complete) linger(request);
  }
}

/** The path, without the query. @throws {ProblemError} `gateway.path_invalid` for what gateway and service could read in two ways */
function pathOf(url: string): string {
  const query = url.indexOf('?');
  const path = query < 0 ? url : url.slice(0, query);
  if (isSafePath(path) && (query < 0 || PRINTABLE.test(url.slice(query)))) return path;
  const detail = 'the path must have no empty and no dot segments, and no escapes of / \\ . % or control characters';
  throw gatewayProblem('invalid', 'path_invalid', detail);
}

function linger(request: IncomingMessage): void {
  request.resume();
  const cut = setTimeout(() => {
    if (!request.complete) request.destroy();
  }, LINGER_MS).unref();
  request.once('close', () => {
    clearTimeout(cut);
  });
}
