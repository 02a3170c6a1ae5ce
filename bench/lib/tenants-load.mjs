import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setPriority } from 'node:os';
import { Connection, bytesOf } from './raw-load.mjs';

/** So often it is looked whose request is due, milliseconds. */
const LOOK_MS = 1;

/**
 * One tenant's requests: each is sent when it is due, on a free connection; what is due and finds none waits for the next that is answered. Latency counts from when it was sent: what the
 * generator was late is told apart. Without `perSecond` each connection asks again when it is answered.
 */
class TenantLoad {
  latencies = [];
  lateMs = [];
  statuses = {};
  #sent = 0;
  /** Tenants know nothing of each other. */
  #phase = Math.random();
  #free = [];
  #isOver = false;

  constructor(options, connections) {
    this.options = options;
    this.connections = options.connections ?? connections;
    this.request = bytesOf(options);
  }

  /** A few at a time: what a server's backlog can't hold is tried again only after a second. */
  async connect() {
    for (let open = 0; open < this.connections; open += 1) {
      const connection = new Connection(this.options.origin, this.request);
      await once(connection.socket, 'connect');
      this.#free.push(connection);
    }
  }

  get inFlight() {
    return this.connections - this.#free.length;
  }

  start(fromMs) {
    this.fromMs = fromMs;
    this.sendDue();
  }

  end() {
    this.#isOver = true;
  }

  sendDue() {
    const { perSecond = Infinity } = this.options;
    const nowMs = performance.now();
    while (!this.#isOver && this.#free.length > 0) {
      const dueMs = perSecond === Infinity ? nowMs : this.fromMs + ((this.#sent + this.#phase) * 1000) / perSecond;
      if (dueMs > nowMs) return;
      this.#sent += 1;
      this.lateMs.push(nowMs - dueMs);
      void this.#send(this.#free.pop());
    }
  }

  async #send(connection) {
    const sentMs = performance.now();
    const status = await connection.ask();
    this.#free.push(connection);
    this.statuses[status] = (this.statuses[status] ?? 0) + 1;
    if (status === 200) this.latencies.push(performance.now() - sentMs);
    this.sendDue();
  }
}

async function connectAll({ tenants, connections }) {
  const loads = tenants.map((options) => new TenantLoad(options, connections));
  for (const load of loads) await load.connect();
  return loads;
}

async function run(loads, seconds) {
  const fromMs = performance.now();
  for (const load of loads) load.start(fromMs);
  const due = setInterval(() => {
    for (const load of loads) load.sendDue();
  }, LOOK_MS);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  clearInterval(due);
  for (const load of loads) load.end();
  const untilMs = performance.now() + 3_000;
  while (loads.some(({ inFlight }) => inFlight > 0) && performance.now() < untilMs)
    await new Promise((resolve) => setTimeout(resolve, 5));
  return loads.map(({ latencies, lateMs, statuses }) => ({ latencies, lateMs, statuses }));
}

/** Load of some tenants, from a process of its own that sleeps when nothing is to be done. */
export class TenantsLoad {
  #child;

  /**
   * `{tenants: [{origin, path, headers, body, perSecond, connections}], connections, nice}`; resolves when all are connected. `nice`: the process gives way to others on its cores, as
   * what comes from another machine would.
   */
  static async open(options) {
    const load = new TenantsLoad();
    load.#child = fork(import.meta.filename, { env: { ...process.env, BENCH_TENANTS_LOAD: '1' } });
    if (options.nice !== undefined) setPriority(load.#child.pid, options.nice);
    load.#child.send(options);
    await load.#next();
    return load;
  }

  /** Asks for so long; tells `{latencies, lateMs, statuses}` for each tenant, milliseconds. Once. */
  async run(seconds) {
    this.#child.send({ seconds });
    return this.#next();
  }

  #next() {
    return new Promise((resolve, reject) => {
      const onExit = (code) => reject(new Error(`the load ended with ${code}`));
      this.#child.once('exit', onExit);
      this.#child.once('message', (message) => {
        this.#child.off('exit', onExit);
        resolve(message);
      });
    });
  }
}

if (process.send && process.env.BENCH_TENANTS_LOAD) {
  process.once('message', async (options) => {
    const loads = await connectAll(options);
    process.once('message', async ({ seconds }) => {
      process.send(await run(loads, seconds), () => process.exit(0));
    });
    process.send('connected');
  });
}
