import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { tempFolder } from '@myriad/testing';
import { CuttableProxy } from './cuttable-proxy.js';

const engines = new URL('../../../tools/engines/kafka.mjs', import.meta.url).href;

interface Engine {
  stop(): Promise<void>;
}
type StartKafka = (options: { dir: string; port: number; advertisedPort: number }) => Promise<Engine>;

/** A real broker that clients reach through a proxy only: it tells them to come to its port. */
export interface ProxiedKafka {
  readonly proxy: CuttableProxy;
  /** The proxy's address, as `host:port`. */
  readonly brokers: readonly string[];
  /** The broker's own address. */
  readonly direct: readonly string[];
  stop(): Promise<void>;
}

export async function startProxiedKafka(): Promise<ProxiedKafka> {
  const folder = await tempFolder();
  const port = await freePort();
  const proxy = await CuttableProxy.open(`kafka://127.0.0.1:${port}`);
  const { startKafka } = (await import(engines)) as { startKafka: StartKafka };
  const broker = await startKafka({ dir: folder.path, port, advertisedPort: proxy.port });
  return {
    proxy,
    brokers: [`127.0.0.1:${proxy.port}`],
    direct: [`127.0.0.1:${port}`],
    stop: async () => {
      await proxy.cut();
      await broker.stop();
      await folder.remove();
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
