import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';

/** Clients are told that an idle connection lasts so long (`Keep-Alive: timeout=5`), milliseconds. */
export const KEEP_ALIVE_MS = 5_000;
/** It lasts so much longer, milliseconds: balancers do not listen to that and keep idle connections for a minute. */
export const KEEP_ALIVE_GRACE_MS = 70_000;

/** How long the end of a server may take. */
export interface DrainLimits {
  /** A connection is closed when nobody used it for so long, milliseconds; longer than clients are told that it lasts. */
  readonly quietMs: number;
  /** Requests in flight may then take so long, milliseconds. */
  readonly drainMs: number;
}

interface Use {
  /**
   * To its requests in flight. An array of each connection, not a set of all: what a set grows through stays reachable from what it was before, and with it thousands of answers
   * long after they were given, until a full collection.
   */
  readonly answers: ServerResponse[];
  /** When it was opened, or its last request came or ended. */
  lastMs: number;
}

const LOOK_MS = 50;
/** Who gives out connections sees within this time that the server is not ready any more, milliseconds. */
const NOTICE_MS = 2_000;
/** A server that gets new connections without a pause ends so long after its idle ones all the same, milliseconds. */
const UNNOTICED_MS = 3_000;

/**
 * The end of an HTTP/1.1 server that costs nobody a request. A connection that its server closes just as a request comes on it costs that request,
 * so each is closed with an answer that says so (`Connection: close`), or when it has been idle for longer than clients use one. New connections
 * are taken until those who give them out have noticed.
 */
export class ServerDrain {
  private readonly uses = new Map<Socket, Use>();
  #isDraining = false;

  constructor(private readonly server: Server) {
    server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', (socket: Socket) => {
      this.uses.set(socket, { answers: [], lastMs: performance.now() });
      socket.once('close', () => this.uses.delete(socket));
    });
    server.prependListener('request', ({ socket }: IncomingMessage, answer: ServerResponse) => {
      this.follow(answer, this.uses.get(socket));
    });
  }

  /** Whether it has begun: the server is not ready any more. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Resolves when the server may stop listening; what is not done `drainMs` after that is cut. */
  async begin({ quietMs, drainMs }: DrainLimits): Promise<void> {
    this.#isDraining = true;
    for (const { answers } of this.uses.values())
      for (const answer of answers) if (!answer.headersSent) answer.setHeader('connection', 'close');
    await this.untilUnused(quietMs);
    const idle = setInterval(() => {
      this.closeIdle(performance.now() - quietMs);
    }, LOOK_MS);
    const cut = setTimeout(() => {
      this.server.closeAllConnections();
    }, drainMs);
    this.server.once('close', () => {
      clearInterval(idle);
      clearTimeout(cut);
    });
  }

  private follow(answer: ServerResponse, use: Use | undefined): void {
    if (this.#isDraining) answer.setHeader('connection', 'close');
    if (use === undefined) return;
    use.answers.push(answer);
    answer.once('close', () => {
      use.answers.splice(use.answers.indexOf(answer), 1);
      use.lastMs = performance.now();
    });
  }

  private async untilUnused(quietMs: number): Promise<void> {
    const startMs = performance.now();
    const noticedMs = startMs + Math.min(NOTICE_MS, quietMs);
    const longestMs = startMs + quietMs + (quietMs === 0 ? 0 : UNNOTICED_MS);
    for (;;) {
      const nowMs = performance.now();
      const open = this.closeIdle(nowMs - quietMs);
      if (nowMs >= longestMs || (open === 0 && nowMs >= noticedMs)) return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** Closes what was not used since then; answers how many others are without a request. */
  private closeIdle(sinceMs: number): number {
    let open = 0;
    for (const [socket, { answers, lastMs }] of this.uses) {
      if (answers.length > 0) continue;
      if (lastMs <= sinceMs) socket.destroy();
      else open += 1;
    }
    return open;
  }
}
