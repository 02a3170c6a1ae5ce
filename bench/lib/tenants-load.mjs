import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Connection, bytesOf } from './raw-load.mjs';

/** One tenant's requests: each is sent when it is due, on a free connection; latency counts from when it was due. A tenant has so many connections and no more: what finds none free is not sent. */
class TenantLoad {
  latencies = [];
  statuses = {};
  #sent = 0;
  /** Tenants know nothing of each other. */
  #phase = Math.random();
  #free = [];

  constructor(options, connections) {
    this.options = options;
    this.connections = connections;
    this.request = bytesOf(options);
  }

  /** A few at a time: what a server's backlog can't hold is tried again only after a second. */
  async connect() {
    const { origin, connections = this.connections } = this.options;
    for (let open = 0; open < connections; open += 1) {
      const connection = new Connection(origin, this.request);
      await once(connection.socket, 'connect');
      this.#free.push(connection);
    }
    this.connections = connections;
  }

  get inFlight() {
    return this.connections - this.#free.length;
  }

  sendDue(elapsedMs, fromMs) {
    const { perSecond } = this.options;
    const due = Math.floor((elapsedMs * perSecond) / 1000 + this.#phase);
    for (; this.#sent < due; this.#sent += 1)
      void this.#send(fromMs + ((this.#sent + 1 - this.#phase) * 1000) / perSecond);
  }

  async #send(dueMs) {
    const connection = this.#free.pop();
    if (connection === undefined) return this.#count('none free');
    const status = await connection.ask();
    this.#free.push(connection);
    this.#count(status);
    if (status === 200) this.latencies.push(performance.now() - dueMs);
  }

  #count(status) {
    this.statuses[status] = (this.statuses[status] ?? 0) + 1;
  }
}

/** `{tenants: [{origin, path, headers, body, perSecond}], seconds, connections}`; tells `{latencies, statuses}` for each tenant. */
async function ask({ tenants, seconds, connections }) {
  const loads = tenants.map((options) => new TenantLoad(options, connections));
  for (const load of loads) await load.connect();
  const fromMs = performance.now();
  for (let elapsedMs = 0; elapsedMs < seconds * 1000; elapsedMs = performance.now() - fromMs) {
    for (const load of loads) load.sendDue(elapsedMs, fromMs);
    // a timer of a millisecond would be late by more than what is measured
    await new Promise((resolve) => setImmediate(resolve));
  }
  const untilMs = performance.now() + 3_000;
  while (loads.some(({ inFlight }) => inFlight > 0) && performance.now() < untilMs)
    await new Promise((resolve) => setTimeout(resolve, 5));
  return loads.map(({ latencies, statuses }) => ({ latencies, statuses }));
}

/** The same from a process of its own. */
export function tenantsLoad(options) {
  const child = fork(import.meta.filename, { env: { ...process.env, BENCH_TENANTS_LOAD: '1' } });
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the load ended with ${code}`)));
    child.send(options);
  });
}

if (process.send && process.env.BENCH_TENANTS_LOAD) {
  process.once('message', async (options) => {
    process.send(await ask(options), () => process.exit(0));
  });
}
