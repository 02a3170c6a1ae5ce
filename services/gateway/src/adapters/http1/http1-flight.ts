import type { Flights, InFlight } from '../../application/in-flight.js';
import type { Outages } from '../../application/outages.js';
import { TIMEOUT_HEADER, type Flight, type UpstreamListener, type UpstreamRequest } from '../../application/ports.js';
import { MalformedAnswer } from './answer-reader.js';
import type { Asked, Attempt, Loss } from './attempt.js';
import type { ConnectionPool } from './connection-pool.js';

/** Pauses before another try to reach a service, milliseconds; the last one stays. */
const PAUSES_MS = [0, 25, 50, 100, 200];
/** So often it is tried to reach a service that has been away for long, or another replica. */
const MIN_TRIES = 3;
const NONE: ReadonlySet<string> = new Set();

export interface Network {
  /** @throws when the origin must not be spoken to */
  readonly poolOf: (origin: string) => ConnectionPool;
  readonly outages: Outages;
  readonly inFlight: InFlight;
  /** A service that has been away for less is waited for, milliseconds. */
  readonly waitMs: number;
}

/**
 * One request and its answer. What was not sent at all is tried again, elsewhere first, for as long as the service may be starting; what may
 * have been done is sent once more, elsewhere, when that does no harm and nothing of an answer came.
 */
export class Http1Flight implements Flight, Attempt {
  asked!: Asked;
  private way: { resume(): void; abort(): void } | undefined;
  private isAborted = false;
  private hasBroken = false;
  private tries = 0;
  private origin = '';
  /** Set while the origin owes an answer. */
  private counted: Flights | undefined;
  private tried: ReadonlySet<string> = NONE;
  private readonly startedMs = performance.now();

  constructor(
    private readonly network: Network,
    private readonly request: UpstreamRequest,
    private readonly listener: UpstreamListener,
  ) {}

  get isOver(): boolean {
    return this.isAborted;
  }

  start(): void {
    this.tries += 1;
    const { request, network } = this;
    const nowMs = performance.now();
    const leftMs = request.deadlineMs === undefined ? undefined : Math.floor(request.deadlineMs - nowMs);
    if (leftMs !== undefined && leftMs <= 0) {
      this.listener.onFailure('timeout', new Error('the deadline passed'));
      return;
    }
    this.asked = askedOf(request, nowMs, leftMs);
    try {
      this.origin = request.origin(this.tried);
      const pool = network.poolOf(this.origin);
      this.counted = network.inFlight.at(this.origin);
      this.counted.count += 1;
      if (request.isRepeatable) pool.send(this);
      else pool.sendOnce(this);
    } catch (error) {
      this.land();
      this.listener.onFailure('unreachable', error as Error);
    }
  }

  abort(): void {
    this.isAborted = true;
    this.land();
    this.way?.abort();
    this.way = undefined;
  }

  resume(): void {
    this.way?.resume();
  }

  onSent(way: { resume(): void; abort(): void }): void {
    this.way = way;
    this.network.outages.reached(this.origin);
  }

  onHead(status: number, headers: readonly string[]): void {
    const { requestId } = this.request;
    // who refuses what it could not read does not know whose request it was
    if (status < 400 && requestId !== undefined && isForAnother(headers, requestId))
      throw new MalformedAnswer('it is to another request');
    this.listener.onHead(status, headers);
  }

  onData(chunk: Buffer): boolean {
    return this.listener.onData(chunk);
  }

  onEnd(): void {
    this.way = undefined;
    this.land();
    this.listener.onEnd();
  }

  onLost(loss: Loss, cause: Error): void {
    this.way = undefined;
    this.land();
    if (this.isAborted) return;
    if (this.mayTryAgain(loss)) {
      this.tried = new Set([...this.tried, this.origin]);
      const again = (): void => {
        if (!this.isAborted) this.start();
      };
      setTimeout(again, PAUSES_MS[Math.min(this.tries, PAUSES_MS.length) - 1]);
      return;
    }
    const isUnsent = loss === 'unsent' || loss === 'unproven';
    this.listener.onFailure(isUnsent ? 'unreachable' : loss === 'timeout' ? 'timeout' : 'broken', cause);
  }

  private land(): void {
    if (this.counted !== undefined) this.counted.count -= 1;
    this.counted = undefined;
  }

  private mayTryAgain(loss: Loss): boolean {
    if (loss === 'unsent') {
      const { outages, waitMs } = this.network;
      outages.failed(this.origin);
      const isNew = outages.lastsMs(this.origin) < waitMs && performance.now() - this.startedMs < waitMs;
      return isNew || this.tries < MIN_TRIES;
    }
    if (loss !== 'broken' || !this.request.isRepeatable || this.hasBroken) return false;
    this.hasBroken = true;
    return true;
  }
}

function askedOf(request: UpstreamRequest, nowMs: number, leftMs: number | undefined): Asked {
  const { method, path, headers, body, headTimeoutMs, pauseTimeoutMs } = request;
  return {
    method,
    path,
    headers: leftMs === undefined ? headers : [...headers, TIMEOUT_HEADER, String(leftMs)],
    body,
    headDueMs: nowMs + (leftMs === undefined ? headTimeoutMs : Math.min(headTimeoutMs, leftMs)),
    pauseTimeoutMs,
  };
}

/** Our services say with each answer which request it is to. */
function isForAnother(headers: readonly string[], requestId: string): boolean {
  for (let i = 0; i + 1 < headers.length; i += 2)
    if (headers[i] === 'x-request-id') return headers[i + 1] !== requestId;
  return false;
}
