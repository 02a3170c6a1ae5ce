import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A process of realtime-child.mjs; `ask` puts one question at a time. */
export class RealtimeProcess {
  #child;
  #root;

  static async start(settings = {}) {
    const process = new RealtimeProcess(settings);
    process.url = await process.#next();
    return process;
  }

  constructor(settings) {
    this.#root = mkdtempSync(join(tmpdir(), 'myriad-bench-realtime-'));
    const options = JSON.stringify({ root: this.#root, settings });
    this.#child = fork(join(import.meta.dirname, 'realtime-child.mjs'), {
      env: { ...process.env, BENCH_REALTIME: options },
      execArgv: process.env.BENCH_NODE_OPTIONS?.split(' ') ?? [],
      // it logs as it always does, to nobody
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
  }

  get pid() {
    return this.#child.pid;
  }

  ask(question, value) {
    this.#child.send({ question, value });
    return this.#next();
  }

  async stop() {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await ended;
    rmSync(this.#root, { recursive: true, force: true });
  }

  #next() {
    return new Promise((resolve, reject) => {
      const onExit = (code) => reject(new Error(`realtime ended with ${code}`));
      this.#child.once('exit', onExit);
      this.#child.once('message', ({ answer, fault }) => {
        this.#child.off('exit', onExit);
        if (fault === undefined) resolve(answer);
        else reject(new Error(fault));
      });
    });
  }
}
