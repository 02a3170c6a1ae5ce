import { fork } from 'node:child_process';
import { join } from 'node:path';
import { load } from './load.mjs';
import { cpuMicros } from './proc.mjs';
import { serveModel } from './serve-model.mjs';
import { median, quantile } from './statistics.mjs';

const ROUNDS = 3;
const SECONDS = 6;
const CONNECTIONS = 32;

/** Requests a second, latencies, and the CPU time a request of each server, in the order of `pids`. */
async function measure(pids, options) {
  const before = pids.map(cpuMicros);
  const { latencies, failures } = await load(options);
  const each = pids.map((pid, index) => (cpuMicros(pid) - before[index]) / latencies.length);
  if (failures > 0) throw new Error(`${failures} of ${latencies.length + failures} requests were refused`);
  return {
    perSecond: latencies.length / options.seconds,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    each,
    cpu: each.reduce((sum, cpu) => sum + cpu, 0),
  };
}

function startEcho() {
  const child = fork(join(import.meta.dirname, 'echo.mjs'));
  return new Promise((resolve) =>
    child.once('message', (port) => resolve({ child, origin: `http://127.0.0.1:${port}` })),
  );
}

/** One row through the gateway to `realtime` and back, beside a bare echo in turns, so that both see the same machine. */
export async function predictions(figures, mesh) {
  const request = await serveModel(mesh, 'bench');
  const pids = mesh.pids();
  const servers = Object.entries(pids).filter(
    ([name]) => name === 'gateway' || name.startsWith('realtime-production-'),
  );
  const echo = await startEcho();
  try {
    for (const connections of [1, CONNECTIONS]) {
      const options = { ...request, method: 'POST', connections };
      const ours = { ...options, origin: mesh.addresses.gatewayUrl };
      const bare = { ...options, origin: echo.origin };
      const serverPids = servers.map(([, pid]) => pid);
      for (const warmUp of [ours, bare]) await load({ ...warmUp, seconds: 2 });
      const rounds = [];
      for (let i = 0; i < ROUNDS; i += 1) {
        rounds.push({
          ours: await measure(serverPids, { ...ours, seconds: SECONDS }),
          bare: await measure([echo.child.pid], { ...bare, seconds: SECONDS }),
        });
      }
      report(figures, connections, rounds);
      for (const [index, [name]] of servers.entries()) {
        const value = median(rounds.map(({ ours }) => ours.each[index]));
        figures.add({ name: `of that, ${name}`, value, unit: 'µs' });
      }
    }
  } finally {
    echo.child.kill();
  }
}

function report(figures, connections, rounds) {
  const of = (what, field) => median(rounds.map((round) => round[what][field]));
  const clients = connections === 1 ? 'one client' : `${connections} clients`;
  for (const [field, name, unit] of [
    ['perSecond', 'gateway → realtime', 'predictions/s'],
    ['p50', 'gateway → realtime, p50', 'ms'],
    ['p99', 'gateway → realtime, p99', 'ms'],
    ['cpu', "servers' CPU a request", 'µs'],
  ]) {
    figures.add({ name: `${name}, ${clients}`, value: of('ours', field), unit, reference: of('bare', field) });
  }
}
