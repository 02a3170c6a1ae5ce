// A rolling restart of every process of every service on Kafka and S3, under 500 predictions a second through the balancer: nobody may notice.
import { setTimeout as sleep } from 'node:timers/promises';
import { serveModel } from './lib/serve-model.mjs';
import { BenchMesh } from './lib/standalone.mjs';
import { quantile } from './lib/statistics.mjs';
import { steadyLoad } from './lib/steady-load.mjs';

const PER_SECOND = Number(process.env.BENCH_PER_SECOND ?? 500);
const CONNECTIONS = 64;
const BEFORE_MS = 10_000;
const AFTER_MS = 3_000;

export async function run(figures) {
  const mesh = new BenchMesh('mesh');
  try {
    await mesh.up();
    const request = await serveModel(mesh, 'bench');
    const options = { ...request, origin: mesh.addresses.gatewayUrl, perSecond: PER_SECOND, connections: CONNECTIONS };
    const calm = steadyLoad(options);
    await sleep(BEFORE_MS);
    report(figures, 'before it', await calm.stop());
    const load = steadyLoad(options);
    const fromMs = performance.now();
    const { restarted } = await mesh.control('POST', '/rolling-restart');
    const seconds = (performance.now() - fromMs) / 1000;
    await sleep(AFTER_MS);
    const during = await load.stop();
    figures.add({ name: 'processes restarted', value: restarted.length, unit: '' });
    figures.add({ name: 'rolling restart of everything', value: seconds, unit: 's' });
    report(figures, 'during it', during);
    for (const [reason, count] of Object.entries(during.failures)) figures.say(`  ${count} × ${reason}`);
    const failed = Object.values(during.failures).reduce((sum, count) => sum + count, 0);
    figures.add({ name: 'failed requests', value: failed, unit: '', bar: { atMost: 0 } });
  } finally {
    await mesh.remove();
  }
}

function report(figures, when, { latencies, seconds }) {
  figures.add({ name: `predictions ${when}`, value: latencies.length / seconds, unit: '/s' });
  for (const [name, q] of [
    ['p50', 0.5],
    ['p99', 0.99],
  ])
    figures.add({ name: `prediction ${when}, ${name}`, value: quantile(latencies, q), unit: 'ms' });
}
