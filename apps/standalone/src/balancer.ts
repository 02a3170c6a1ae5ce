import { createServer } from 'node:http';
import { httpConfig, loadConfig, runMain, stopOnSignal } from '@myriad/config';
import { systemClock } from '@myriad/kernel';
import { z } from 'zod';
import { Backend } from './balancing/backend.js';
import { Front } from './balancing/front.js';

const DRAIN_MS = 3_000;

const frontsSchema = z.array(
  z.object({
    name: z.string(),
    port: z.int(),
    backends: z.array(z.object({ name: z.string(), url: z.url() })),
  }),
);
const schema = z.object({
  ...httpConfig,
  FRONTS: z
    .string()
    .transform((text) => frontsSchema.parse(JSON.parse(text)))
    .describe('the services, their ports, and their replicas'),
});

/** The process in front of services with several replicas, as Kubernetes Services and the load balancer are in a cluster. */
async function main(): Promise<void> {
  const config = loadConfig(schema);
  const stopping = new AbortController();
  const fronts = config.FRONTS.map(({ name, port, backends }) => {
    const watched = backends.map((backend) => new Backend(backend.name, backend.url, systemClock));
    for (const backend of watched) void backend.watch(stopping.signal);
    return new Front({ name, port, backends: watched, clock: systemClock });
  });
  await Promise.all(fronts.map((front) => front.listen()));
  const door = createServer((request, response) => {
    const isKnown = ['/healthz', '/readyz', '/fronts'].includes(request.url ?? '');
    response.writeHead(isKnown ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ fronts: fronts.map((front) => front.status()) }));
  });
  await new Promise<void>((resolve) => door.listen(config.PORT, config.HOST, resolve));
  stopOnSignal([
    () => Promise.all(fronts.map((front) => front.close(DRAIN_MS))),
    () => {
      stopping.abort();
      door.closeAllConnections();
      return new Promise((resolve) => door.close(resolve));
    },
  ]);
}

await runMain(main);
