import { fork } from 'node:child_process';

/** What `answerOnce` of a file answers to `options`, in a process of its own; `variable` tells that process what it is for. */
export function inOwnProcess(file, variable, options) {
  const child = fork(file, { env: { ...process.env, [variable]: '1' } });
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the load ended with ${code}`)));
    child.send(options);
  });
}

/** In that process, and in no other: answers what it is asked, and ends. */
export function answerOnce(variable, ask) {
  if (!process.send || !process.env[variable]) return;
  process.once('message', async (options) => {
    process.send(await ask(options), () => process.exit(0));
  });
}
