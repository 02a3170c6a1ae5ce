import { once } from 'node:events';
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';

/** What is done with bytes: passed on, or swallowed as a cut cable does. */
type Way = 'pass' | 'swallow';

/** A TCP door to a server that can be cut for good (what the server sees is what it sees of a killed process), or be a cut cable for a while. */
export class CuttableProxy {
  private way: Way = 'pass';
  private readonly sockets = new Set<Socket>();
  private losing: { readonly isAsked: (request: Buffer) => boolean; readonly lost: () => void } | undefined;

  private constructor(
    private readonly server: Server,
    private readonly target: URL,
  ) {
    server.on('connection', (client) => {
      this.link(client);
    });
  }

  static async open(target: string): Promise<CuttableProxy> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new CuttableProxy(server, new URL(target));
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    const url = new URL(this.target);
    url.port = String(this.port);
    return url.href;
  }

  /** Drops every connection and takes no new ones. */
  async cut(): Promise<void> {
    if (!this.server.listening) return;
    const closed = once(this.server, 'close');
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  /** Connections stay and are taken, and nothing comes through. */
  swallow(): void {
    this.way = 'swallow';
  }

  /** Lets everything through again; what was swallowed stays lost, so those connections end. */
  pass(): void {
    if (this.way === 'pass') return;
    this.way = 'pass';
    for (const socket of this.sockets) socket.destroy();
  }

  /** The next request that is meant reaches the server, and its answer is lost with the connection. Resolves when that has happened. */
  loseAnswer(isAsked: (request: Buffer) => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.losing = { isAsked, lost: resolve };
    });
  }

  private link(client: Socket): void {
    const server = connect({ host: this.target.hostname, port: Number(this.target.port) });
    let lost: (() => void) | undefined;
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
      socket.on('data', (chunk: Buffer) => {
        if (this.way === 'swallow') return;
        if (socket === client && this.losing?.isAsked(chunk) === true) {
          ({ lost } = this.losing);
          this.losing = undefined;
        } else if (socket === server && lost) {
          client.destroy();
          lost();
          return;
        }
        other.write(chunk);
      });
    }
  }
}
