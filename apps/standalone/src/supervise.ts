import { openSync, writeSync } from 'node:fs';
import { runMain } from '@myriad/config';
import { standaloneConfig } from './config.js';
import { ROOT } from './root.js';
import { StateFolder } from './state/state-folder.js';
import { supervisorLog } from './state/supervisor-log.js';
import { type MeshAddresses, Supervisor } from './supervisor.js';

/** What the detached supervisor tells the `up` that started it, for as long as that listens. */
export type SupervisorMessage =
  | { readonly kind: 'progress'; readonly text: string }
  | { readonly kind: 'up'; readonly addresses: MeshAddresses }
  | { readonly kind: 'failed'; readonly reason: string };

/** Gets what the supervisor has to tell; resolves when it is on its way. */
export type Listener = (message: SupervisorMessage) => Promise<void>;

/** Runs the mesh until it is told to end by SIGTERM or SIGINT. */
export async function supervise(args: readonly string[], tell: Listener): Promise<void> {
  const config = standaloneConfig(args);
  const state = new StateFolder(config.stateFolder);
  state.create();
  const logFile = openSync(state.logFile('supervisor'), 'a', 0o600);
  const log = supervisorLog((line) => {
    writeSync(logFile, line);
  });
  const onProgress = (text: string): void => {
    void tell({ kind: 'progress', text });
  };
  const supervisor = new Supervisor({ root: ROOT, config, log, onProgress });
  const stop = (signal: string): void => {
    log.info('told to stop', { signal });
    void supervisor.stop().finally(() => process.exit(0));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('SIGHUP', () => undefined); // the terminal it came from was closed
  try {
    await tell({ kind: 'up', addresses: await supervisor.start() });
  } catch (error) {
    log.error('did not start', { reason: (error as Error).message });
    await tell({ kind: 'failed', reason: (error as Error).message });
    process.exit(1);
  }
}

/** To the `up` that started this process; when that has gone, the mesh goes on without it. */
function tellParent(message: SupervisorMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected && process.send)
      process.send(message, undefined, {}, () => {
        resolve();
      });
    else resolve();
  });
}

if (process.argv[1] === import.meta.filename) {
  await runMain(() => supervise(process.argv.slice(2), tellParent));
}
