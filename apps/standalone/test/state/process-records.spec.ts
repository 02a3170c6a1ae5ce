import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type TempFolder, tempFolder } from '@myriad/testing';
import { isAlive, identityOf } from '../../src/processes/process-identity.js';
import { readJsonFile, writeJsonFile } from '../../src/state/json-file.js';
import { ProcessRecords } from '../../src/state/process-records.js';

describe('ProcessRecords', () => {
  let folder: TempFolder;
  let path: string;
  const spawned: number[] = [];

  beforeEach(async () => {
    folder = await tempFolder();
    path = join(folder.path, 'processes.json');
  });
  afterEach(async () => {
    for (const pid of spawned.splice(0)) {
      try {
        process.kill(-pid, 'SIGKILL');
      } catch {
        // has ended
      }
    }
    await folder.remove();
  });

  const start = (script: string): number => {
    const { pid = 0 } = spawn('bash', ['-c', script], { detached: true, stdio: 'ignore' });
    spawned.push(pid);
    return pid;
  };

  it('ends what an earlier supervisor left behind, the stubborn too, with what they started', async () => {
    const before = new ProcessRecords(path);
    const polite = start('sleep 600');
    const stubborn = start("trap '' TERM; while true; do sleep 1; done");
    const identities = [polite, stubborn].map((pid) => identityOf(pid));
    before.set('auth', polite);
    before.set('registry', stubborn);
    const ended = await new ProcessRecords(path).endAll(300);
    expect(ended).toEqual(['auth', 'registry']);
    for (const identity of identities) expect(identity && isAlive(identity)).toBe(false);
    expect(readJsonFile(path)).toEqual({});
  });

  it('leaves a process alone that only has the number of a recorded one', async () => {
    const stranger = start('sleep 600');
    writeJsonFile(path, { auth: { pid: stranger, startedAt: 'another boot:1' } });
    expect(await new ProcessRecords(path).endAll(300)).toEqual([]);
    expect(identityOf(stranger)).toBeDefined();
  });

  it('forgets a process that ended', async () => {
    const records = new ProcessRecords(path);
    records.set('auth', process.pid);
    records.set('auth', undefined);
    expect(await new ProcessRecords(path).endAll(300)).toEqual([]);
  });
});
