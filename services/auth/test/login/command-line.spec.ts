import { spawn } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { tempFolder, type TempFolder } from '@myriad/testing';
import { decodeJwt } from 'jose';
import { Browser } from './browser.js';
import { LoginApp } from './login-app.js';

const PYTHON = join(import.meta.dirname, '../../../../.venv/bin/python');

/** The `myriad` command; `onError` hears its standard error as it comes. */
function myriad(
  args: readonly string[],
  home: string,
  onError: (text: string) => void = () => undefined,
): Promise<{ readonly code: number | null; readonly output: string }> {
  return new Promise((resolve, reject) => {
    const env = { PATH: '/usr/bin:/bin', HOME: home, XDG_CONFIG_HOME: home };
    const child = spawn(PYTHON, ['-m', 'myriad', ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      onError(output);
    });
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ code, output });
    });
  });
}

describe('the myriad command', () => {
  let app: LoginApp;
  let folder: TempFolder;
  beforeAll(async () => {
    [app, folder] = await Promise.all([LoginApp.start(), tempFolder()]);
  });
  afterAll(async () => {
    await app.close();
    await folder.remove();
  });

  it('logs in by the device flow of a real provider, and out again', async () => {
    const pages: Promise<string>[] = [];
    const onError = (text: string): void => {
      const [, address, code] = /Open (\S+)\nand confirm the code (\S+)/.exec(text) ?? [];
      if (address === undefined || code === undefined || pages.length > 0) return;
      app.provider.person = 'ann';
      const confirmed = new Browser().confirmDevice(address, code).then((page) => {
        app.catchUp();
        return page;
      });
      pages.push(confirmed);
    };
    const { code, output } = await myriad(['--url', app.auth.url, 'login', '--provider', 'corp'], folder.path, onError);
    expect(await Promise.all(pages)).toEqual([expect.stringContaining('Sign-in Success')]);
    expect([code, output]).toEqual([0, expect.stringContaining('of tenant aa; stored in') as unknown]);
    const path = join(folder.path, 'myriad/config.json');
    const stored = JSON.parse(await readFile(path, 'utf8')) as Record<string, string>;
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(decodeJwt(stored['accessToken']!)).toMatchObject({ htid: 'aa', iss: 'myriad' });
    expect(output).not.toContain(stored['refreshToken']);

    expect((await myriad(['logout'], folder.path)).code).toBe(0);
    expect(await app.audit('aa', 'login.ended')).toHaveLength(1);
    await expect(stat(path)).rejects.toThrow('ENOENT');
  });
});
