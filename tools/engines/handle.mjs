/** What a started engine can be told, whichever it is. */
import { startProcess, stopProcess, waitHealthy } from './process.mjs';

/**
 * Starts `program` (`command`, `args`, `env`, `isHealthy()`) in `dir`, waits until it is healthy, at most `timeoutMs`, and answers with the engine's handle: `name`, `version`, `port`, `dir`,
 * `pid`, what `more` says of it, `stop()` by `stopSignal`, `kill()`, and `start()` again on the same port and data.
 */
export async function startEngine({ name, version, port, dir, program, more, timeoutMs, stopSignal }) {
  const { command, args, env, isHealthy } = program;
  const handle = {
    name,
    version,
    port,
    dir,
    ...more,
    pid: 0,
    start: async () => {
      handle.pid = await startProcess({ dir, port, command, args, env });
      await waitHealthy({ name, dir, pid: handle.pid, isHealthy, timeoutMs });
    },
    stop: () => stopProcess(dir, stopSignal),
    kill: () => stopProcess(dir, 'SIGKILL'),
  };
  await handle.start();
  return handle;
}
