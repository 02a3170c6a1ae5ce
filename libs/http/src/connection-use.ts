import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const LOOK_MS = 25;

interface Use {
  inFlight: number;
  /** When the last request came or ended. */
  lastMs: number;
}

/**
 * Which connections of a server are in use. A connection that its server closes just as a request comes on it costs that request; so a server
 * that ends first answers with `Connection: close` for a while, and closes itself only what nobody used lately.
 */
export class ConnectionUse {
  private readonly uses = new Map<Socket, Use>();
  private readonly answers = new Set<ServerResponse>();

  constructor(server: Server) {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const use = this.useOf(request.socket);
      use.inFlight += 1;
      use.lastMs = performance.now();
      this.answers.add(response);
      response.once('close', () => {
        this.answers.delete(response);
        use.inFlight -= 1;
        use.lastMs = performance.now();
      });
    });
  }

  /** Connections with a request in flight end with its answer, where its head is not on its way already. */
  endWithAnswers(): void {
    for (const answer of this.answers) if (!answer.headersSent) answer.setHeader('connection', 'close');
  }

  /** Resolves when no connection that is open was used for `quietMs`, or after `longestMs`. */
  async quiet(quietMs: number, longestMs: number): Promise<void> {
    const untilMs = performance.now() + longestMs;
    while (this.isBusy(quietMs) && performance.now() < untilMs)
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }

  private isBusy(quietMs: number): boolean {
    const sinceMs = performance.now() - quietMs;
    return [...this.uses.values()].some(({ inFlight, lastMs }) => inFlight === 0 && lastMs > sinceMs);
  }

  private useOf(socket: Socket): Use {
    let use = this.uses.get(socket);
    if (use === undefined) {
      use = { inFlight: 0, lastMs: 0 };
      this.uses.set(socket, use);
      socket.once('close', () => this.uses.delete(socket));
    }
    return use;
  }
}
