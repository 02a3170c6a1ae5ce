import { isIP, type LookupFunction } from 'node:net';
import type { TlsFiles } from '@myriad/http';
import type { InFlight } from '../../application/in-flight.js';
import type { Outages } from '../../application/outages.js';
import { Upstreams, type Flight, type UpstreamListener, type UpstreamRequest } from '../../application/ports.js';
import { partsOf } from '../../domain/addressed-origin.js';
import { ConnectionPool } from './connection-pool.js';
import { Http1Flight, type Network } from './http1-flight.js';

/** Origins come and go with replicas; a pool that served nothing for so long is closed. */
const IDLE_POOL_MS = 300_000;

interface PoolEntry {
  readonly pool: ConnectionPool;
  usedAtMs: number;
}

/**
 * {@link Upstreams} over HTTP/1.1 on sockets, with no more than our services need (ADR 20): bodies are streamed both ways with back-pressure, a client that leaves takes its request
 * with it.
 */
export class Http1Upstreams extends Upstreams {
  private pools = new Map<string, PoolEntry>();
  private readonly endTls: (() => void) | undefined;
  private readonly network: Network;
  private readonly cleaning = setInterval(() => {
    this.closeIdle();
  }, IDLE_POOL_MS / 2).unref();

  /**
   * @param waitMs a service that has been away for less is waited for, milliseconds: it may be starting again
   * @param tls with it, only services that prove who they are are spoken to, and this process proves it too
   */
  constructor(
    outages: Outages,
    inFlight: InFlight,
    waitMs: number,
    private readonly tls?: TlsFiles,
  ) {
    super();
    this.network = { poolOf: (origin) => this.poolOf(origin), outages, inFlight, waitMs };
    this.endTls = tls?.onChange(() => {
      this.replacePools();
    });
  }

  send(request: UpstreamRequest, listener: UpstreamListener): Flight {
    const flight = new Http1Flight(this.network, request, listener);
    flight.start();
    return flight;
  }

  close(): Promise<void> {
    clearInterval(this.cleaning);
    this.endTls?.();
    for (const { pool } of this.pools.values()) pool.destroy();
    return Promise.resolve();
  }

  private poolOf(origin: string): ConnectionPool {
    let entry = this.pools.get(origin);
    if (entry === undefined) {
      if (this.tls !== undefined && !origin.startsWith('https:')) throw new Error(`${origin} is not https`);
      const { origin: base, address } = partsOf(origin);
      const lookup = address === undefined ? undefined : leadingTo(address);
      entry = { pool: new ConnectionPool({ origin: base, lookup, tls: this.tls?.current }), usedAtMs: 0 };
      this.pools.set(origin, entry);
    }
    entry.usedAtMs = Date.now();
    return entry.pool;
  }

  /** New requests go over new connections; the old ones end with their requests. */
  private replacePools(): void {
    const before = this.pools;
    this.pools = new Map();
    for (const { pool } of before.values()) pool.close();
  }

  private closeIdle(): void {
    for (const [origin, { pool, usedAtMs }] of this.pools) {
      if (Date.now() - usedAtMs < IDLE_POOL_MS || pool.isBusy) continue;
      this.pools.delete(origin);
      pool.close();
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
