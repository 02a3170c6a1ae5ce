import { grpcLoad, inferMessage } from './grpc-load.mjs';
import { cpuMicros } from './proc.mjs';
import { median, quantile } from './statistics.mjs';
import { wrk } from './wrk.mjs';

const SECONDS = 3;
/** Until V8 has compiled what is hot: some 10⁵ requests. */
const WARM_SECONDS = 8;
export const MANY = 32;
export const HEADERS = { 'content-type': 'application/json' };

/** What a request costs the processes of a server, microseconds of CPU, and what `load` tells. */
async function costOf(pids, load) {
  const sum = () => pids().reduce((total, pid) => total + cpuMicros(pid), 0);
  const before = sum();
  const told = await load();
  if (told.failures > 0) throw new Error(`${told.failures} of ${told.count} requests failed`);
  return { ...told, cpu: (sum() - before) / told.count };
}

/** Measures servers of one model in turns and keeps what each round told. */
export class Serving {
  results = new Map();

  constructor(tool, model) {
    this.tool = tool;
    this.model = model;
  }

  keep(name, result) {
    this.results.set(name, [...(this.results.get(name) ?? []), result]);
  }

  of(name, field) {
    return median((this.results.get(name) ?? []).map((result) => result[field]));
  }

  /** One client and many, over HTTP. `headers` is asked for anew each time: tokens live a minute. */
  async http(name, { url, pids, headers = () => HEADERS, body = this.model.body }, warm) {
    const load = async (connections, seconds) =>
      wrk(this.tool, { url, headers: await headers(), body, connections, seconds });
    if (warm) for (const connections of [MANY, 1]) await load(connections, WARM_SECONDS / 2);
    this.keep(`${name}, ${MANY} clients`, await costOf(pids, () => load(MANY, SECONDS)));
    this.keep(`${name}, one client`, await costOf(pids, () => load(1, SECONDS)));
  }

  /** Many clients of several replicas, each with its share: how a pool takes more than one core. */
  async spread(name, { urls, pids, headers }) {
    const options = {
      headers: await headers(),
      body: this.model.body,
      connections: MANY / urls.length,
      seconds: SECONDS,
    };
    const load = async () => {
      const told = await Promise.all(urls.map((url) => wrk(this.tool, { ...options, url })));
      const sum = (field) => told.reduce((total, one) => total + one[field], 0);
      const worst = (field) => Math.max(...told.map((one) => one[field]));
      return {
        count: sum('count'),
        perSecond: sum('perSecond'),
        failures: sum('failures'),
        p50: worst('p50'),
        p99: worst('p99'),
      };
    };
    this.keep(`${name}, ${MANY} clients`, await costOf(pids, load));
  }

  async grpc(name, { port, pids, token }, warm) {
    const message = inferMessage(this.model.name, 'x', this.model.row);
    const load = async (seconds) => {
      const { latencies, failures } = await grpcLoad({
        port,
        message,
        token: await token?.(),
        connections: MANY,
        seconds,
      });
      return {
        count: latencies.length,
        perSecond: latencies.length / seconds,
        p50: quantile(latencies, 0.5),
        p99: quantile(latencies, 0.99),
        failures,
      };
    };
    if (warm) await load(WARM_SECONDS);
    this.keep(`${name} over gRPC`, await costOf(pids, () => load(SECONDS)));
  }
}
