import { seeded, zipfRank } from './random.mjs';
import { Connection, bytesOf } from './raw-load.mjs';
import { answerOnce, inOwnProcess } from './own-process.mjs';

/** So late a request may be sent and an answer be seen; it counts as latency. */
const PAUSE_MS = 0.1;
const nobody = new Int32Array(new SharedArrayBuffer(4));

/** What came back, of a group of requests. */
class Outcomes {
  latencies = [];
  failures = {};

  add(status, latencyMs) {
    if (status === 200) this.latencies.push(latencyMs);
    else this.failures[status] = (this.failures[status] ?? 0) + 1;
  }
}

/** Coprime with any number of tenants that is not a multiple of it: neighbours in rank are no neighbours in anything else. */
const STRIDE = 7_368_787;

/** The number of the tenant that is asked for `rank`th most, ranks from 1. */
export const tenantOfRank = (rank, tenants) => (rank * STRIDE) % tenants;

/** Requests by Zipf's law over tenants, each sent when it is due: Poisson's arrivals, whether others have been answered or not. Latency counts from when a request was due, so waiting to be sent is part of it. */
class ZipfLoad {
  /** Of the most asked tenants, and of all others. */
  hot = new Outcomes();
  others = new Outcomes();
  /** Tenants beyond the hot ones by their numbers; a few thousand of those asked last. */
  asked = new Set();
  #free = [];

  /** @param requestOf the bytes of a request of a tenant by its number is `before + tenant + after` */
  constructor(options) {
    Object.assign(this, options);
    this.random = seeded(this.seed);
    const request = bytesOf({
      ...this.request,
      headers: { ...this.request.headers, authorization: 'Bearer $TENANT$' },
    });
    [this.before, this.after] = String(request).split('$TENANT$');
  }

  async run() {
    if (this.perSecond === undefined) await this.#closed();
    else await this.#open();
    for (const { socket } of this.#free) socket.destroy();
    const { hot, others } = this;
    return { hot, others, asked: [...this.asked].slice(-5_000) };
  }

  /** As fast as it goes: for warming up. */
  async #closed() {
    const untilMs = performance.now() + this.seconds * 1_000;
    const one = async () => {
      while (performance.now() < untilMs) await this.#send(performance.now());
    };
    await Promise.all(Array.from({ length: this.connections }, one));
  }

  async #open() {
    const fromMs = performance.now();
    const inFlight = new Set();
    for (let dueMs = 0; dueMs < this.seconds * 1_000;) {
      // a timer of a millisecond would be late by more than what is measured, and who spins takes a core from the server's threads
      Atomics.wait(nobody, 0, 0, PAUSE_MS);
      await new Promise((resolve) => setImmediate(resolve));
      for (const nowMs = performance.now() - fromMs; dueMs <= nowMs;) {
        const one = this.#send(fromMs + dueMs).finally(() => inFlight.delete(one));
        inFlight.add(one);
        dueMs -= (Math.log(1 - this.random()) * 1_000) / this.perSecond;
      }
    }
    await Promise.all(inFlight);
  }

  async #send(dueMs) {
    const { origin, tenants, ranks, hotRanks, exponent, before, after } = this;
    const rank = zipfRank(this.random(), ranks, exponent);
    const tenant = tenantOfRank(rank, tenants);
    const connection = this.#free.pop() ?? new Connection(origin);
    connection.request = `${before}customer-${String(tenant).padStart(7, '0')}${after}`;
    const status = await connection.ask();
    (rank <= hotRanks ? this.hot : this.others).add(status, performance.now() - dueMs);
    if (rank > hotRanks) this.#note(tenant);
    this.#free.push(connection);
  }

  #note(tenant) {
    this.asked.delete(tenant);
    this.asked.add(tenant);
  }
}

/**
 * Load from a process of its own. `{origin, request, tenants, ranks, hotRanks, exponent, seed, seconds}` and `perSecond`, or `connections` that ask as fast as they are answered. `ranks`: how many of the
 * most asked tenants are asked at all. Tells latencies in milliseconds and failures by status of the `hotRanks` most asked tenants and of the others, and which of the others were asked last.
 */
export const zipfLoad = (options) => inOwnProcess(import.meta.filename, 'BENCH_ZIPF_LOAD', options);

answerOnce('BENCH_ZIPF_LOAD', (options) => new ZipfLoad(options).run());
