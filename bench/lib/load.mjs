import { Pool } from 'undici';
import { answerOnce, inOwnProcess } from './own-process.mjs';

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
export const load = (options) => inOwnProcess(import.meta.filename, 'BENCH_LOAD', options);

answerOnce('BENCH_LOAD', ask);
