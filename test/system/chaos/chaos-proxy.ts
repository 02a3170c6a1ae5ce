import { once } from 'node:events';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import type { Place } from './weather.js';

/** What a connection goes through. */
export interface Weather {
  /** `pass` lets bytes through; `refuse` resets new and old connections; `hole` swallows everything, as a cut cable does. */
  readonly way: 'pass' | 'refuse' | 'hole';
  /** Added to each way, milliseconds. */
  readonly latencyMs?: number;
  /** Which connections it is for, by the first bytes that the client sends; all when absent. */
  readonly concerns?: (first: Buffer) => boolean;
}

const FAIR: Weather = { way: 'pass' };

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  first: Buffer | undefined;
  toServer: Promise<void>;
  toClient: Promise<void>;
}

/** Stands between clients and a server on the loopback interface, and makes trouble when told to. */
export class ChaosProxy implements Place<Weather> {
  private weather: Weather = FAIR;
  hits = 0;
  private readonly links = new Set<Link>();

  private constructor(
    private readonly server: Server,
    private readonly targetPort: () => number,
  ) {
    server.on('connection', (client) => {
      this.link(client);
    });
  }

  /** Takes connections on a free port; `targetPort` is asked at each of them. */
  static async open(targetPort: () => number): Promise<ChaosProxy> {
    const server = createServer({ allowHalfOpen: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ChaosProxy(server, targetPort);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Changes the weather for new and open connections. */
  set(weather: Weather): void {
    this.weather = weather;
    this.hits = 0;
    for (const link of this.links) this.apply(link);
  }

  /** Fair weather again; what fell into a hole stays lost, so those connections end. */
  clear(): void {
    const held = [...this.links].filter((link) => this.weatherOf(link).way === 'hole');
    this.weather = FAIR;
    for (const link of held) end(link);
  }

  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    for (const link of this.links) end(link);
    await closed;
  }

  private link(client: Socket): void {
    const server = connect({ host: '127.0.0.1', port: this.targetPort(), allowHalfOpen: true });
    const link: Link = {
      client,
      server,
      first: undefined,
      toServer: Promise.resolve(),
      toClient: Promise.resolve(),
    };
    this.links.add(link);
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        this.links.delete(link);
        end(link);
      });
    }
    client.on('data', (chunk: Buffer) => {
      const isFirst = link.first === undefined;
      link.first ??= chunk;
      if (isFirst) this.apply(link);
      link.toServer = this.forward(link, server, chunk, link.toServer);
    });
    server.on('data', (chunk: Buffer) => {
      link.toClient = this.forward(link, client, chunk, link.toClient);
    });
    client.on('end', () => {
      void link.toServer.then(() => server.end());
    });
    server.on('end', () => {
      void link.toClient.then(() => client.end());
    });
  }

  private apply(link: Link): void {
    if (this.weatherOf(link).way !== 'refuse') return;
    this.hits += 1;
    end(link);
  }

  private weatherOf({ first }: Link): Weather {
    const { concerns } = this.weather;
    if (concerns === undefined) return this.weather;
    return first !== undefined && concerns(first) ? this.weather : FAIR;
  }

  /** In order, each chunk as late as the weather at its coming says. */
  private async forward(link: Link, to: Socket, chunk: Buffer, before: Promise<void>): Promise<void> {
    const weather = this.weatherOf(link);
    const { way, latencyMs = 0 } = weather;
    if (weather !== FAIR) this.hits += 1;
    if (way !== 'pass') return before;
    const late = latencyMs > 0 ? new Promise((resolve) => setTimeout(resolve, latencyMs)) : undefined;
    await before;
    await late;
    if (to.writable) to.write(chunk);
  }
}

function end({ client, server }: Pick<Link, 'client' | 'server'>): void {
  if (!client.destroyed) client.resetAndDestroy();
  server.destroy();
}

/** PostgreSQL connections of these users, by their startup message. */
export function postgresUsers(...users: readonly string[]): (first: Buffer) => boolean {
  return (first) => users.some((user) => first.includes(`user\0${user}\0`));
}
