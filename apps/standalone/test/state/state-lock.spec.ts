import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type TempFolder, tempFolder } from '@myriad/testing';
import { identityOf } from '../../src/processes/process-identity.js';
import { AlreadyRunningError, lockHolder, takeLock } from '../../src/state/state-lock.js';

describe('the lock of a state folder', () => {
  let folder: TempFolder;
  let path: string;

  beforeEach(async () => {
    folder = await tempFolder();
    path = join(folder.path, 'supervisor.lock');
  });
  afterEach(() => folder.remove());

  it('is refused while its holder lives, with a word that says who holds it', async () => {
    const other = spawn('sleep', ['600']);
    try {
      const identity = identityOf(other.pid ?? 0);
      writeFileSync(path, JSON.stringify({ ...identity, since: '2026-01-01T00:00:00.000Z' }));
      expect(() => takeLock(path, folder.path)).toThrow(AlreadyRunningError);
      expect(() => takeLock(path, folder.path)).toThrow(
        new RegExp(`is up already on .*process ${other.pid ?? 0}, since 2026-01-01.*npm run down`),
      );
      expect(lockHolder(path)).toMatchObject({ pid: other.pid });
    } finally {
      const ended = new Promise((resolve) => other.once('exit', resolve));
      other.kill('SIGKILL');
      await ended;
    }
    takeLock(path, folder.path).release();
  });

  it('is taken from a process id that was given to another process since', () => {
    const now = identityOf(process.ppid);
    writeFileSync(path, JSON.stringify({ pid: now?.pid, startedAt: 'another boot:1', since: 'then' }));
    expect(lockHolder(path)).toBeUndefined();
    const lock = takeLock(path, folder.path);
    expect(lockHolder(path)?.pid).toBe(process.pid);
    lock.release();
    expect(existsSync(path)).toBe(false);
  });

  it.each(['', 'no JSON', '{}', '{"pid":"1"}'])('is taken from a file that names nobody: %p', (content) => {
    writeFileSync(path, content);
    takeLock(path, folder.path).release();
    expect(existsSync(path)).toBe(false);
  });

  it('does not remove the lock of another when it is let go', () => {
    const lock = takeLock(path, folder.path);
    writeFileSync(path, 'of another');
    lock.release();
    expect(readFileSync(path, 'utf8')).toBe('of another');
  });
});
