import { fork } from 'node:child_process';
import { Pool } from 'undici';

/** Asks again and again over `connections` connections for `seconds`; tells the latencies in milliseconds and what was no 200. */
async function ask({ origin, path, method, headers, body, connections, seconds }) {
  const pool = new Pool(origin, { connections, pipelining: 1 });
  const latencies = [];
  let failures = 0;
  const untilMs = performance.now() + seconds * 1000;
  const one = async () => {
    while (performance.now() < untilMs) {
      const fromMs = performance.now();
      const answer = await pool.request({ path, method, headers, body });
      await answer.body.dump();
      if (answer.statusCode === 200) latencies.push(performance.now() - fromMs);
      else failures += 1;
    }
  };
  await Promise.all(Array.from({ length: connections }, one));
  await pool.close();
  return { latencies, failures };
}

/** The same from a process of its own, so that the asking costs the asked nothing but the core it runs on. */
export function load(options) {
  const child = fork(import.meta.filename, { env: { ...process.env, BENCH_LOAD: '1' } });
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the load ended with ${code}`)));
    child.send(options);
  });
}

if (process.send && process.env.BENCH_LOAD) {
  process.once('message', async (options) => {
    process.send(await ask(options), () => process.exit(0));
  });
}
