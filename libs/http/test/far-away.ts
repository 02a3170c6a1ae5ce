import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';

/** What servers behind it are reached through. */
export interface FarAway {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * A balancer of connections whose way to its servers takes time, as over a network: what one side sends comes `latencyMs` later at the other, an end
 * as well. `port` is asked at each connection.
 */
export async function farAway(latencyMs: number, port: () => number): Promise<FarAway> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ host: '127.0.0.1', port: port(), allowHalfOpen: true });
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.setNoDelay(true);
      from.on('data', (chunk: Buffer) => {
        later(latencyMs, () => to.write(chunk));
      });
      from.on('end', () => {
        later(latencyMs, () => to.end());
      });
      from.on('error', () => {
        later(latencyMs, () => to.resetAndDestroy());
      });
      from.once('close', () => sockets.delete(from));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function later(ms: number, work: () => unknown): void {
  setTimeout(work, ms);
}
