import { fork } from 'node:child_process';
import { join } from 'node:path';

const PROGRAM = join(import.meta.dirname, 'fleet-replica.mjs');

/** A process of {@link PROGRAM}; `ask` answers one question at a time. */
export class Replica {
  #child;

  constructor(options) {
    this.#child = fork(PROGRAM, {
      env: { ...process.env, BENCH_REPLICA: JSON.stringify(options) },
      execArgv: ['--expose-gc', ...(process.env.BENCH_NODE_OPTIONS?.split(' ') ?? [])],
    });
  }

  get pid() {
    return this.#child.pid;
  }

  async ready() {
    return (await this.#next()).ready;
  }

  async ask(question) {
    this.#child.send(question);
    return (await this.#next()).answer;
  }

  stop() {
    return new Promise((resolve) => {
      this.#child.removeAllListeners('exit');
      this.#child.once('exit', resolve);
      this.#child.kill(process.env.BENCH_NODE_OPTIONS ? 'SIGINT' : 'SIGKILL');
    });
  }

  #next() {
    return new Promise((resolve, reject) => {
      const ended = (code) => reject(new Error(`the replica ended with ${code}`));
      this.#child.once('exit', ended);
      this.#child.once('message', (message) => {
        this.#child.off('exit', ended);
        resolve(message);
      });
    });
  }
}
