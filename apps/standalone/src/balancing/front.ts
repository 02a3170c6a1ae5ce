import { type Server, type Socket, createServer } from 'node:net';
import type { Clock } from '@myriad/kernel';
import type { Backend } from './backend.js';
import { chooseBackend } from './choose-backend.js';

/** So long a connection waits for a replica when none can be reached. */
const HOLD_MS = 10_000;
const LOOK_MS = 25;

export interface FrontOptions {
  readonly name: string;
  readonly port: number;
  readonly backends: readonly Backend[];
  readonly clock: Clock;
}

/**
 * One address for the replicas of a service, as a Kubernetes Service is: connections go to replicas that are ready, those that are open stay
 * where they are. Nothing of a connection is read before a replica has taken it, so one that can't be reached costs nobody a request.
 */
export class Front {
  readonly #server: Server;
  readonly #clients = new Set<Socket>();
  #turn = 0;

  constructor(private readonly options: FrontOptions) {
    this.#server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true }, (client) => {
      this.#clients.add(client);
      client.once('close', () => this.#clients.delete(client));
      client.on('error', () => client.destroy());
      void this.#serve(client);
    });
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.options.port, '127.0.0.1', resolve);
    });
  }

  /** Takes no more connections; those that are open may end within `drainMs`. */
  async close(drainMs: number): Promise<void> {
    const cut = setTimeout(() => {
      for (const client of this.#clients) client.destroy();
    }, drainMs);
    await new Promise((resolve) => this.#server.close(resolve));
    clearTimeout(cut);
  }

  status(): { readonly name: string; readonly backends: readonly { name: string; state: string; open: number }[] } {
    const { name, backends } = this.options;
    return {
      name,
      backends: backends.map((backend) => ({ name: backend.name, state: backend.state, open: backend.open })),
    };
  }

  async #serve(client: Socket): Promise<void> {
    const { backends, clock } = this.options;
    const untilMs = clock.nowMs() + HOLD_MS;
    while (!client.destroyed && clock.nowMs() < untilMs) {
      const backend = chooseBackend(backends, this.#turn++);
      const upstream = await backend?.connect();
      if (upstream) {
        join(client, upstream);
        return;
      }
      if (!backend) await clock.sleep(LOOK_MS);
    }
    client.resetAndDestroy();
  }
}

/** Bytes go both ways; an end is passed on as an end, a break as a break. */
function join(client: Socket, upstream: Socket): void {
  for (const [one, other] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    one.on('error', () => other.resetAndDestroy());
    one.once('close', () => {
      other.destroySoon();
    });
  }
  if (client.destroyed) upstream.destroy();
  client.pipe(upstream);
  upstream.pipe(client);
}
