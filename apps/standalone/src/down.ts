import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { runMain } from '@myriad/config';
import { standaloneConfig } from './config.js';
import { isAlive } from './processes/process-identity.js';
import { ProcessRecords } from './state/process-records.js';
import { StateFolder } from './state/state-folder.js';
import { lockHolder } from './state/state-lock.js';

const ORPHAN_GRACE_MS = 10_000;
/** Gateway, services and PostgreSQL each have their grace, one after the other. */
const LONGEST_STOP_MS = 120_000;
const POLL_MS = 50;

/** Ends the mesh of the state folder. Answers what was done, for people. @throws when the supervisor does not end. */
export async function down(stateFolder: string): Promise<string> {
  const state = new StateFolder(stateFolder);
  const holder = lockHolder(state.lock);
  if (!holder) {
    const orphans = existsSync(state.processes)
      ? await new ProcessRecords(state.processes).endAll(ORPHAN_GRACE_MS)
      : [];
    if (orphans.length === 0) return `Myriad is not running on ${state.path}`;
    return `the supervisor had ended already; ended what it left behind: ${orphans.join(', ')}`;
  }
  const fromMs = performance.now();
  process.kill(holder.pid, 'SIGTERM');
  while (isAlive(holder)) {
    if (performance.now() - fromMs > LONGEST_STOP_MS) {
      throw new Error(`the supervisor (process ${holder.pid}) does not end; see ${state.logFile('supervisor')}`);
    }
    await sleep(POLL_MS);
  }
  return `Myriad is down after ${((performance.now() - fromMs) / 1_000).toFixed(1)} s; its state stays in ${state.path}`;
}

if (process.argv[1] === import.meta.filename) {
  await runMain(async () => {
    process.stdout.write(`${await down(standaloneConfig(process.argv.slice(2)).stateFolder)}\n`);
  });
}
