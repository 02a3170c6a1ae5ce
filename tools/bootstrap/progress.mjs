import { spawn } from 'node:child_process';

const STILL_AT_IT_MS = 10_000;

/** Says on stderr what takes time, with seconds; work that is ready at once says nothing. */
export class Progress {
  #fromMs = performance.now();
  #timers = new Set();

  say(text) {
    const seconds = ((performance.now() - this.#fromMs) / 1000).toFixed(1).padStart(6);
    process.stderr.write(`${seconds} s  ${text}\n`);
  }

  /** Runs the work and says when it begins, that it is still at it, and how long it took. */
  async step(name, work, { quietBelowMs = 0 } = {}) {
    const fromMs = performance.now();
    const seconds = () => ((performance.now() - fromMs) / 1000).toFixed(1);
    if (quietBelowMs === 0) this.say(`${name} …`);
    const timer = setInterval(() => this.say(`${name}: still at it after ${seconds()} s`), STILL_AT_IT_MS);
    this.#timers.add(timer);
    try {
      const result = await work();
      if (performance.now() - fromMs >= quietBelowMs) this.say(`${name}: ready in ${seconds()} s`);
      return result;
    } finally {
      clearInterval(timer);
      this.#timers.delete(timer);
    }
  }

  close() {
    for (const timer of this.#timers) clearInterval(timer);
  }
}

/** Runs a program to its end and answers its output. @throws with the end of all it said when it fails. */
export function runProgram(command, args, { cwd, env = process.env, shell = false } = {}) {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { cwd, env, shell, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let all = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      all += chunk;
    });
    child.stderr.on('data', (chunk) => (all += chunk));
    child.on('error', (error) => fail(new Error(`could not run ${command}: ${error.message}`)));
    child.on('close', (code, signal) => {
      if (code === 0) return done(stdout);
      fail(
        new Error(
          `${command} ${args.join(' ')} failed (${signal ?? code}):\n${all.trim().split('\n').slice(-40).join('\n')}`,
        ),
      );
    });
  });
}
