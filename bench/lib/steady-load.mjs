import { fork } from 'node:child_process';
import { Pool } from 'undici';

/**
 * Sends `perSecond` requests a second, each at its time whether the others have been answered or not, until told to stop. Tells the latencies
 * in milliseconds, counted from when each was due, and what was no 200 by its reason.
 */
async function ask({ origin, path, headers, body, perSecond, connections }, signal) {
  const pool = new Pool(origin, { connections, pipelining: 1 });
  const latencies = [];
  const failures = {};
  const fail = (reason) => (failures[reason] = (failures[reason] ?? 0) + 1);
  const inFlight = new Set();
  const send = async (dueMs) => {
    try {
      const answer = await pool.request({ path, method: 'POST', headers, body });
      const text = await answer.body.text();
      if (answer.statusCode === 200) latencies.push(performance.now() - dueMs);
      else fail(`${answer.statusCode} ${text.slice(0, 200)}`);
    } catch (error) {
      fail(`${error.code ?? error.name}: ${error.message}`);
    }
  };
  const fromMs = performance.now();
  for (let sent = 0; !signal.aborted;) {
    const due = Math.floor(((performance.now() - fromMs) * perSecond) / 1000) + 1;
    for (; sent < due; sent += 1) {
      const one = send(fromMs + (sent * 1000) / perSecond).finally(() => inFlight.delete(one));
      inFlight.add(one);
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const seconds = (performance.now() - fromMs) / 1000;
  await Promise.all(inFlight);
  await pool.close();
  return { latencies, failures, seconds };
}

/** The same from a process of its own; `stop()` ends it and answers what it has to tell. */
export function steadyLoad(options) {
  const child = fork(import.meta.filename, { env: { ...process.env, BENCH_STEADY_LOAD: '1' } });
  const told = new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the load ended with ${code}`)));
  });
  child.send(options);
  return {
    stop: () => {
      child.send('stop');
      return told;
    },
  };
}

if (process.send && process.env.BENCH_STEADY_LOAD) {
  const ending = new AbortController();
  process.on('message', async (message) => {
    if (message === 'stop') ending.abort();
    else process.send(await ask(message, ending.signal), () => process.exit(0));
  });
}
