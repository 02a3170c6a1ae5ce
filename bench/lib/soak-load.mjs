import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { seeded, zipfRank } from './random.mjs';
import { Connection } from './raw-load.mjs';

const TIMELINE_MS = 20;
/** Coprime with the number of models: neighbours in rank are no neighbours in anything else. */
const STRIDE = 7_919;

/** Asks a fleet's models by Zipf's law, one after the other on each connection, and counts for each model what was answered. Goes on when the server goes and comes again. */
class SoakLoad {
  isPaused = false;
  tokens = [];
  statuses = {};
  total = 0;
  timeline = [];
  #lanes = [];

  /** @param tenants their names; `models` of all together, `modelsEach` of one */
  constructor(options) {
    Object.assign(this, options);
    this.answered = new Uint32Array(this.models);
    /** Sent, and neither answered nor refused: the server may have counted them. */
    this.uncertain = new Uint32Array(this.models);
    this.random = seeded(5);
    const { host } = new URL(this.origin);
    this.tail = `\r\nhost: ${host}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(this.body)}\r\n\r\n${this.body}`;
    setInterval(() => this.#note(), TIMELINE_MS);
  }

  start() {
    this.#lanes = Array.from({ length: this.connections }, () => this.#lane());
  }

  /** Resolves when nothing is under way any more. */
  async pause() {
    this.isPaused = true;
    await Promise.all(this.#lanes);
    this.isPaused = false;
  }

  get state() {
    const { answered, uncertain, statuses, total, timeline } = this;
    return { answered, uncertain, statuses, total, timeline };
  }

  /** When so many were answered, of the last 30 s: Unix milliseconds. */
  #note() {
    this.timeline.push([Date.now(), this.total]);
    if (this.timeline.length > 30_000 / TIMELINE_MS) this.timeline.shift();
  }

  async #lane() {
    let connection;
    while (!this.isPaused) {
      if (connection === undefined || connection.socket.destroyed) connection = await this.#connect();
      if (connection === undefined) continue;
      const at = (zipfRank(this.random(), this.models) * STRIDE) % this.models;
      const tenant = Math.floor(at / this.modelsEach);
      const path = `/v2/models/churn-${at % this.modelsEach}/infer`;
      connection.request = `POST ${path} HTTP/1.1\r\nauthorization: Bearer ${this.tokens[tenant]}${this.tail}`;
      const status = await connection.ask();
      this.statuses[status] = (this.statuses[status] ?? 0) + 1;
      if (status === 200) {
        this.answered[at] += 1;
        this.total += 1;
      } else if (status === 0) {
        this.uncertain[at] += 1;
        connection.socket.destroy();
      }
    }
    connection?.socket.destroy();
  }

  /** undefined while nobody listens. */
  async #connect() {
    const connection = new Connection(this.origin);
    try {
      await once(connection.socket, 'connect');
      return connection;
    } catch {
      await sleep(50);
      return undefined;
    }
  }
}

/** The same in a process of its own; each call waits for the one before. */
export class SoakLoadProcess {
  #child = fork(import.meta.filename, { env: { ...process.env, BENCH_SOAK_LOAD: '1' }, serialization: 'advanced' });

  /** `start(options)`, `tokens(list)`, `go()`, `pause()`, `state()`. */
  async ask(question, value) {
    this.#child.send({ question, value });
    const [answer] = await once(this.#child, 'message');
    return answer;
  }

  stop() {
    this.#child.kill('SIGKILL');
  }
}

if (process.send && process.env.BENCH_SOAK_LOAD) {
  let load;
  const answers = {
    make: (options) => void (load = new SoakLoad(options)),
    tokens: (tokens) => void (load.tokens = tokens),
    go: () => load.start(),
    pause: () => load.pause(),
    state: () => load.state,
    total: () => load.total,
  };
  process.on('message', async ({ question, value }) => process.send((await answers[question](value)) ?? null));
}
