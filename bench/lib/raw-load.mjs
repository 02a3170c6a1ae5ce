import { connect } from 'node:net';
import { answerOnce, inOwnProcess } from './own-process.mjs';

const END_OF_HEAD = Buffer.from('\r\n\r\n');
/** In an open loop, so late a request may be sent and an answer be seen; it counts as latency. */
const PAUSE_MS = 0.1;
const nobody = new Int32Array(new SharedArrayBuffer(4));
const LENGTH = /\r\ncontent-length: *(\d+)/i;

/** The bytes of one request; `bodyBase64` for one that is no text. */
export function bytesOf({ origin, path, method = 'POST', headers = {}, body = '', bodyBase64 }) {
  const bytes = bodyBase64 === undefined ? Buffer.from(body) : Buffer.from(bodyBase64, 'base64');
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `${method} ${path} HTTP/1.1\r\nhost: ${new URL(origin).host}\r\n${lines.join('')}`;
  return Buffer.concat([Buffer.from(`${head}content-length: ${bytes.length}\r\n\r\n`), bytes]);
}

/** One connection: sends the request's bytes, reads one answer; knows of HTTP only what tells where an answer ends. */
export class Connection {
  #rest = Buffer.alloc(0);
  #answered;

  constructor(origin, request) {
    const { hostname, port } = new URL(origin);
    this.request = request;
    this.socket = connect({ host: hostname, port: Number(port), noDelay: true });
    this.socket.on('data', (chunk) => this.#take(chunk));
    for (const event of ['error', 'close']) this.socket.on(event, () => this.#tell(0));
  }

  /** Resolves to the status; 0 when the connection broke. */
  ask() {
    return new Promise((resolve) => {
      this.#answered = resolve;
      this.socket.write(this.request);
    });
  }

  #take(chunk) {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const end = bytes.indexOf(END_OF_HEAD);
    const head = end < 0 ? '' : bytes.latin1Slice(0, end);
    const length = Number(LENGTH.exec(head)?.[1] ?? 0);
    if (end < 0 || bytes.length < end + 4 + length) this.#rest = bytes;
    else {
      this.#rest = Buffer.alloc(0);
      this.#tell(Number(head.slice(9, 12)));
    }
  }

  #tell(status) {
    const answered = this.#answered;
    this.#answered = undefined;
    answered?.(status);
  }
}

class Outcomes {
  latencies = [];
  failures = {};

  add(status, latencyMs) {
    if (status === 200) this.latencies.push(latencyMs);
    else this.failures[status] = (this.failures[status] ?? 0) + 1;
  }
}

/** Each connection asks again as soon as it is answered. */
async function closedLoop({ connections, seconds }, open, outcomes) {
  const untilMs = performance.now() + seconds * 1000;
  const one = async (connection) => {
    while (performance.now() < untilMs) {
      const fromMs = performance.now();
      outcomes.add(await connection.ask(), performance.now() - fromMs);
    }
  };
  await Promise.all(Array.from({ length: connections }, () => one(open())));
}

/** `perSecond` requests a second, each when it is due; latency counts from then, so waiting for a free connection is part of it. */
async function openLoop({ connections, seconds, perSecond }, open, outcomes) {
  const free = Array.from({ length: connections }, open);
  const fromMs = performance.now();
  const total = seconds * perSecond;
  const inFlight = new Set();
  const send = async (dueMs) => {
    const connection = free.pop() ?? open();
    outcomes.add(await connection.ask(), performance.now() - dueMs);
    free.push(connection);
  };
  for (let sent = 0; sent < total;) {
    // a timer of a millisecond would be late by more than what is measured, and who spins leaves a machine of two cores one for all the servers
    Atomics.wait(nobody, 0, 0, PAUSE_MS);
    await new Promise((resolve) => setImmediate(resolve));
    const due = Math.min(total, Math.floor(((performance.now() - fromMs) * perSecond) / 1000) + 1);
    for (; sent < due; sent += 1) {
      const one = send(fromMs + (sent * 1000) / perSecond).finally(() => inFlight.delete(one));
      inFlight.add(one);
    }
  }
  await Promise.all(inFlight);
}

async function ask(options) {
  const request = bytesOf(options);
  const connections = [];
  const open = () => {
    const connection = new Connection(options.origin, request);
    connections.push(connection);
    return connection;
  };
  const outcomes = new Outcomes();
  await (options.perSecond === undefined ? closedLoop : openLoop)(options, open, outcomes);
  for (const { socket } of connections) socket.destroy();
  return { ...outcomes };
}

/**
 * Load from a process of its own, over plain sockets: the asking costs about 10 µs a request, a tenth of what an HTTP client does.
 * `{origin, path, headers, body, connections, seconds}`, and `perSecond` for an open loop. Latencies in milliseconds; `failures` by status, 0: broken off.
 */
export const rawLoad = (options) => inOwnProcess(import.meta.filename, 'BENCH_RAW_LOAD', options);

answerOnce('BENCH_RAW_LOAD', ask);
