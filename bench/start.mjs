// How long a process of each service takes from its start until it is ready, on Kafka and S3, one at a time: as a container does.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { serveModel } from './lib/serve-model.mjs';
import { BenchMesh } from './lib/standalone.mjs';
import { median } from './lib/statistics.mjs';

const ROUNDS = 3;
const REST_MS = 3_000;
const AT_MOST_SECONDS = 3;

export async function run(figures) {
  const mesh = new BenchMesh('mesh');
  try {
    await mesh.up();
    await serveModel(mesh, 'bench');
    await sleep(REST_MS);
    const seconds = new Map();
    for (let round = 0; round < ROUNDS; round += 1) {
      const { restarted } = await mesh.control('POST', '/rolling-restart');
      const names = new Set(restarted.map(({ name }) => name));
      for (const { name, seconds: took } of readyTimes(mesh, names)) {
        const service = name.startsWith('realtime-') ? 'realtime' : name.replace(/-\d+$/, '');
        seconds.set(service, [...(seconds.get(service) ?? []), took]);
      }
    }
    for (const [service, values] of seconds) {
      const bar = { atMost: AT_MOST_SECONDS };
      figures.add({ name: `start to ready, ${service}`, value: median(values), unit: 's', bar });
    }
  } finally {
    await mesh.remove();
  }
}

/** The last start of each process as the supervisor wrote it down. */
function readyTimes(mesh, names) {
  const lines = readFileSync(join(mesh.state, 'logs/supervisor.log'), 'utf8').trim().split('\n');
  const last = new Map();
  for (const line of lines) {
    const { msg, process: name, afterMs } = JSON.parse(line);
    if (msg === 'ready' && names.has(name)) last.set(name, { name, seconds: afterMs / 1000 });
  }
  return last.values();
}
