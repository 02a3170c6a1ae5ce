import { connect as connectPlain, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { TlsMaterial } from '@myriad/http';
import type { Attempt } from './attempt.js';
import { Connection, type ConnectionOwner } from './connection.js';

/** Connections to one origin. */
const MAX_CONNECTIONS = 256;
const CONNECT_TIMEOUT_MS = 2_000;
/** Read from a connection at once, bytes. */
const READ_BYTES = 16_384;
/** The kernel asks whether the other end of a quiet connection still lives, milliseconds. */
const PROBE_AFTER_MS = 60_000;

export interface PoolOptions {
  /** `http://host:port`, or `https:`. */
  readonly origin: string;
  /** Where the name leads to, if that is known already. */
  readonly lookup: LookupFunction | undefined;
  /** With it, the other end must prove who it is, and is shown a certificate. */
  readonly tls: TlsMaterial | undefined;
}

interface Waiting {
  readonly attempt: Attempt;
  readonly timer: NodeJS.Timeout;
}

/** Connections to one origin. The one that was used last is used first, so what is not needed gets idle and ends. */
export class ConnectionPool implements ConnectionOwner {
  private readonly idle: Connection[] = [];
  private readonly opening = new Set<Connection>();
  private readonly all = new Set<Connection>();
  private readonly waiting: Waiting[] = [];
  private isClosing = false;
  private readonly url: URL;

  constructor(private readonly options: PoolOptions) {
    this.url = new URL(options.origin);
  }

  /** Whether anything is asked or waits to be. */
  get isBusy(): boolean {
    return this.waiting.length > 0 || this.all.size > this.idle.length;
  }

  /** Sends it over a connection that is idle, or the first one that is free. */
  send(attempt: Attempt): void {
    const connection = this.takeIdle();
    if (connection === undefined) this.wait(attempt);
    else connection.start(attempt);
  }

  /**
   * As {@link send}, for what may not be sent again: an idle connection is used after a turn of the event loop, in which it is seen whether its
   * server has closed it.
   */
  sendOnce(attempt: Attempt): void {
    if (this.idle.length === 0) this.wait(attempt);
    else
      afterTurn(() => {
        if (!attempt.isOver) this.send(attempt);
      });
  }

  /** What is asked is still answered. */
  close(): void {
    this.isClosing = true;
    for (const connection of this.idle.splice(0)) connection.abort();
  }

  /** Nothing is answered any more. */
  destroy(): void {
    this.close();
    for (const { timer } of this.waiting.splice(0)) clearTimeout(timer);
    for (const connection of this.all) connection.abort();
  }

  onFree(connection: Connection): void {
    this.opening.delete(connection);
    const next = this.nextWaiting();
    if (next !== undefined) connection.start(next);
    else if (this.isClosing) connection.abort();
    else this.idle.push(connection);
  }

  onFailed(connection: Connection, loss: 'unsent' | 'unproven', cause: Error): void {
    this.opening.delete(connection);
    this.all.delete(connection);
    this.nextWaiting()?.onLost(loss, cause);
    this.openMore();
  }

  onGone(connection: Connection): void {
    this.all.delete(connection);
    const at = this.idle.indexOf(connection);
    if (at >= 0) this.idle.splice(at, 1);
    this.openMore();
  }

  private takeIdle(): Connection | undefined {
    if (this.idle.length === 0) return undefined;
    const nowMs = performance.now();
    for (let connection = this.idle.pop(); connection !== undefined; connection = this.idle.pop()) {
      if (connection.isUsableAt(nowMs)) return connection;
      connection.abort();
    }
    return undefined;
  }

  private wait(attempt: Attempt): void {
    const late = (): void => {
      this.waiting.splice(this.waiting.indexOf(waiting), 1);
      if (!attempt.isOver) attempt.onLost('timeout', new Error('no connection was free in time'));
    };
    const timer = setTimeout(late, Math.max(0, attempt.asked.headDueMs - performance.now())).unref();
    const waiting = { attempt, timer };
    this.waiting.push(waiting);
    this.openMore();
  }

  private nextWaiting(): Attempt | undefined {
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) {
      clearTimeout(next.timer);
      if (!next.attempt.isOver) return next.attempt;
    }
    return undefined;
  }

  private openMore(): void {
    while (this.opening.size < this.waiting.length && this.all.size < MAX_CONNECTIONS) {
      const { host, protocol } = this.url;
      const isTls = protocol === 'https:';
      const options = { owner: this, host, isTls, connectTimeoutMs: CONNECT_TIMEOUT_MS };
      const connection: Connection = new Connection((read) => this.openSocket(isTls, read), options);
      this.opening.add(connection);
      this.all.add(connection);
    }
  }

  private openSocket(isTls: boolean, read: (bytes: Buffer) => void): Socket {
    const { lookup, tls } = this.options;
    const { hostname, port } = this.url;
    const host = hostname.replace(/^\[|\]$/g, '');
    const to = { host, port: Number(port) || (isTls ? 443 : 80), ...(lookup === undefined ? {} : { lookup }) };
    const options = { ...to, noDelay: true, keepAlive: true, keepAliveInitialDelay: PROBE_AFTER_MS };
    if (!isTls) {
      // one buffer for all that is read: Node would make one of 64 KiB each time
      const callback = (length: number, bytes: Uint8Array): boolean => {
        read(Buffer.from(bytes.subarray(0, length)));
        return true;
      };
      return connectPlain({ ...options, onread: { buffer: Buffer.allocUnsafeSlow(READ_BYTES), callback } });
    }
    // an address is no name to be asked for, but is compared with the certificate all the same
    const name = isIP(host) === 0 ? { servername: host } : {};
    const socket = connectTls({ ...options, ...tls, ...name, minVersion: 'TLSv1.3' });
    return socket.setNoDelay(true).on('data', read);
  }
}

/** When all that had come by now has been seen: the first immediate may belong to the turn that is going on. */
function afterTurn(then: () => void): void {
  setImmediate(() => setImmediate(then));
}
