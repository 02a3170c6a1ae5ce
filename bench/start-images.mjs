// How long each service takes from its start until it is ready, alone on Kafka, S3 and PostgreSQL: from its image on a read-only root, and from the checkout. Needs root and `npm run build`.
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import './lib/typescript.mjs';
import { startKafka, startS3 } from '../tools/engines/engine.mjs';
import { buildImages } from '../tools/images/build.mjs';
import { unpackImage } from '../tools/images/oci.mjs';
import { prepareRoot } from '../tools/images/run.mjs';
import { services } from '../tools/manifests/mesh.mjs';
import { initCluster, startPostgres } from '../tools/postgres/launch.mjs';
import { median } from './lib/statistics.mjs';

const { makeWorld, startCompiled, startImage } = await import('../test/manifests/running-image.ts');

/** Of each service; one more comes before them, which makes its tables. */
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const AT_MOST_SECONDS = 3;
const checkout = join(import.meta.dirname, '..');

export async function run(figures) {
  const folder = mkdtempSync(join(tmpdir(), 'myriad-start-'));
  const engines = [];
  try {
    const world = await makeWorld(folder, await start(folder, engines));
    const images = join(folder, 'images');
    await buildImages(
      services.map(({ name }) => name),
      images,
    );
    for (const service of services) {
      const root = join(folder, 'root', service.name);
      await unpackImage(images, service.name, root);
      prepareRoot(root);
      const first = await timed(() => startImage(world, service, root));
      figures.add({ name: `first start to ready, ${service.name}, image`, value: first, unit: 's' });
      const ways = {
        image: () => startImage(world, service, root),
        checkout: () => startCompiled(world, service, checkout),
      };
      for (const [way, begin] of Object.entries(ways)) {
        const seconds = [];
        for (let round = 0; round < ROUNDS; round += 1) seconds.push(await timed(begin));
        const bar = { atMost: AT_MOST_SECONDS };
        figures.add({ name: `start to ready, ${service.name}, ${way}`, value: median(seconds), unit: 's', bar });
      }
      rmSync(root, { recursive: true });
    }
  } finally {
    for (const engine of engines.reverse()) await engine.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Starts the engines, and adds each to `started`; answers with where they are. */
async function start(folder, started) {
  const kafka = await startKafka({ dir: join(folder, 'kafka') });
  started.push(kafka);
  const s3 = await startS3({ dir: join(folder, 's3') });
  started.push(s3);
  const dataFolder = join(folder, 'postgres');
  const superuserPassword = randomBytes(12).toString('hex');
  mkdirSync(dataFolder);
  await initCluster({ dataFolder, superuserPassword, sync: false });
  const postgres = await startPostgres({ dataFolder, settings: { max_connections: 200 } });
  started.push(postgres);
  return {
    brokers: kafka.brokers,
    s3,
    postgres: `postgres://postgres:${superuserPassword}@127.0.0.1:${postgres.port}/postgres`,
  };
}

/** Seconds until the service is ready; then it is ended. */
async function timed(begin) {
  const fromMs = performance.now();
  const image = await begin();
  try {
    await image.ready({ intervalMs: 5 });
    return (performance.now() - fromMs) / 1000;
  } finally {
    image.child.kill('SIGTERM');
    await image.ended;
  }
}
