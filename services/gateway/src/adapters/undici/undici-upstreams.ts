import { isIP, type LookupFunction } from 'node:net';
import type { TlsFiles } from '@myriad/http';
import { Pool, type Dispatcher } from 'undici';
import type { Flights, InFlight } from '../../application/in-flight.js';
import type { Outages } from '../../application/outages.js';
import { partsOf } from '../../domain/addressed-origin.js';
import {
  TIMEOUT_HEADER,
  Upstreams,
  type Flight,
  type UpstreamListener,
  type UpstreamRequest,
} from '../../application/ports.js';

/** Connections to one origin. */
const CONNECTIONS = 256;
const CONNECT_TIMEOUT_MS = 2_000;
/** Of services that do not say how long an idle connection lasts, as ours do. */
const KEEP_ALIVE_MS = 30_000;
/** Origins come and go with replicas; a pool that served nothing for so long is closed. */
const IDLE_POOL_MS = 300_000;
/** Pauses before another try to reach a service, milliseconds; the last one stays. */
const PAUSES_MS = [0, 25, 50, 100, 200];

/** So often it is tried to reach a service that has been away for long, or another replica. */
const MIN_TRIES = 3;

const TIMEOUTS: ReadonlySet<string> = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);
/** Nothing of the request was sent. */
const NOT_SENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
]);
/** What the peer is was found out before anything was sent. */
const NOT_PROVEN = /^(?:ERR_TLS_|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_)/;
/** The connection broke; what was sent may have been done. */
const BROKEN: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

interface PoolEntry {
  readonly pool: Pool;
  usedAtMs: number;
}

/** {@link Upstreams} on undici: bodies are streamed both ways with back-pressure, a client that leaves takes its request with it. */
export class UndiciUpstreams extends Upstreams {
  private pools = new Map<string, PoolEntry>();
  private readonly endTls: (() => void) | undefined;
  private readonly cleaning = setInterval(() => {
    this.closeIdle();
  }, IDLE_POOL_MS / 2).unref();

  /**
   * @param waitMs a service that has been away for less is waited for, milliseconds: it may be starting again
   * @param tls with it, only services that prove who they are are spoken to, and this process proves it too
   */
  constructor(
    private readonly outages: Outages,
    private readonly inFlight: InFlight,
    private readonly waitMs: number,
    private readonly tls?: TlsFiles,
  ) {
    super();
    this.endTls = tls?.onChange(() => {
      this.replacePools();
    });
  }

  send(request: UpstreamRequest, listener: UpstreamListener): Flight {
    const { outages, inFlight, waitMs } = this;
    const network = { poolOf: (origin: string) => this.poolOf(origin), outages, inFlight, waitMs };
    const flight = new UndiciFlight(network, request, listener);
    flight.start();
    return flight;
  }

  async close(): Promise<void> {
    clearInterval(this.cleaning);
    this.endTls?.();
    await Promise.all([...this.pools.values()].map(({ pool }) => pool.destroy()));
  }

  private poolOf(origin: string): Pool {
    let entry = this.pools.get(origin);
    if (entry === undefined) {
      if (this.tls !== undefined && !origin.startsWith('https:')) throw new Error(`${origin} is not https`);
      const { origin: base, address } = partsOf(origin);
      const lookup = address === undefined ? {} : { lookup: leadingTo(address) };
      const connect = {
        timeout: CONNECT_TIMEOUT_MS,
        ...this.tls?.current,
        ...lookup,
        minVersion: 'TLSv1.3' as const,
      };
      const timeouts = { connect, keepAliveTimeout: KEEP_ALIVE_MS };
      entry = { pool: new Pool(base, { connections: CONNECTIONS, pipelining: 1, ...timeouts }), usedAtMs: 0 };
      this.pools.set(origin, entry);
    }
    entry.usedAtMs = Date.now();
    return entry.pool;
  }

  /** New requests go over new connections; the old ones end with their requests. */
  private replacePools(): void {
    const before = this.pools;
    this.pools = new Map();
    for (const { pool } of before.values()) void pool.close();
  }

  private closeIdle(): void {
    for (const [origin, { pool, usedAtMs }] of this.pools) {
      if (Date.now() - usedAtMs < IDLE_POOL_MS || pool.stats.running > 0) continue;
      this.pools.delete(origin);
      void pool.close();
    }
  }
}

/** The name stays what certificates are checked against; only where it leads to is known already. */
function leadingTo(address: string): LookupFunction {
  const family = isIP(address);
  return (_hostname, { all }, found) => {
    if (all === true) found(null, [{ address, family }]);
    else found(null, address, family);
  };
}

interface Network {
  readonly poolOf: (origin: string) => Pool;
  readonly outages: Outages;
  readonly inFlight: InFlight;
  readonly waitMs: number;
}

/**
 * One request and its answer. What was not sent at all is tried again, elsewhere first, for as long as the service may be starting; what may
 * have been done is sent once more, elsewhere, when that does no harm.
 */
class UndiciFlight implements Flight, Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | undefined;
  private isAborted = false;
  private hasHead = false;
  private hasBroken = false;
  private tries = 0;
  private origin = '';
  /** Set while the origin owes an answer. */
  private counted: Flights | undefined;
  private readonly tried = new Set<string>();
  private readonly startedMs = performance.now();

  constructor(
    private readonly network: Network,
    private readonly request: UpstreamRequest,
    private readonly listener: UpstreamListener,
  ) {}

  start(): void {
    this.tries += 1;
    const { origin, method, path, headers, body, deadlineMs, headTimeoutMs, pauseTimeoutMs } = this.request;
    const leftMs = deadlineMs === undefined ? undefined : Math.floor(deadlineMs - performance.now());
    if (leftMs !== undefined && leftMs <= 0) {
      this.listener.onFailure('timeout', new Error('the deadline passed'));
      return;
    }
    const told = leftMs === undefined ? headers : [...headers, TIMEOUT_HEADER, String(leftMs)];
    const options = { path, method, headers: told, body: body ?? null };
    const timeouts = { headersTimeout: Math.min(headTimeoutMs, leftMs ?? Infinity), bodyTimeout: pauseTimeoutMs };
    try {
      this.origin = origin(this.tried);
      const pool = this.network.poolOf(this.origin);
      this.counted = this.network.inFlight.at(this.origin);
      this.counted.count += 1;
      pool.dispatch({ ...options, ...timeouts }, this);
    } catch (error) {
      this.land();
      this.listener.onFailure('unreachable', error as Error);
    }
  }

  abort(): void {
    this.isAborted = true;
    this.controller?.abort(new Error('the client is gone'));
  }

  resume(): void {
    this.controller?.resume();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    this.network.outages.reached(this.origin);
    if (this.isAborted) this.abort();
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    if (status < 200) return;
    this.hasHead = true;
    this.listener.onHead(status, headers);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.listener.onData(chunk)) controller.pause();
  }

  onResponseEnd(): void {
    this.land();
    this.listener.onEnd();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.land();
    if (this.isAborted) return;
    const code = (error as { code?: unknown }).code;
    const name = typeof code === 'string' ? code : '';
    if (this.mayTryAgain(name)) {
      this.tried.add(this.origin);
      setTimeout(
        () => {
          if (!this.isAborted) this.start();
        },
        PAUSES_MS[Math.min(this.tries, PAUSES_MS.length) - 1],
      );
      return;
    }
    const isUnsent = NOT_SENT.has(name) || NOT_PROVEN.test(name);
    const kind = TIMEOUTS.has(name) ? 'timeout' : isUnsent ? 'unreachable' : 'broken';
    this.listener.onFailure(kind, error);
  }

  private land(): void {
    if (this.counted !== undefined) this.counted.count -= 1;
    this.counted = undefined;
  }

  private mayTryAgain(code: string): boolean {
    if (this.hasHead) return false;
    if (NOT_SENT.has(code)) {
      const { outages, waitMs } = this.network;
      outages.failed(this.origin);
      const isNew = outages.lastsMs(this.origin) < waitMs && performance.now() - this.startedMs < waitMs;
      return isNew || this.tries < MIN_TRIES;
    }
    if (!BROKEN.has(code) || !this.request.isRepeatable || this.hasBroken) return false;
    this.hasBroken = true;
    return true;
  }
}
