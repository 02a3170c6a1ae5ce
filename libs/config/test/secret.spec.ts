import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { ConfigError, loadConfig, secret, secretReader, type Environment } from '../src/index.js';

const schema = z.object({
  PASSWORD: secret(z.string().min(4).describe('of the tests')),
  TOKEN: secret(z.string().min(4).optional()),
  PLAIN: z.string().optional(),
});

const folder = mkdtempSync(join(tmpdir(), 'myriad-config-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

let files = 0;
function file(text: string, mode = 0o600): string {
  files += 1;
  const path = join(folder, String(files));
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

function load(env: Environment) {
  const warnings: string[] = [];
  const warn = (fields: object, message: string): void => void warnings.push(`${JSON.stringify(fields)} ${message}`);
  return { config: loadConfig(schema, env, { warn }), warnings };
}

function faultsOf(env: Environment): ConfigError['faults'] {
  try {
    load(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
  }
  throw new Error('no ConfigError was thrown');
}

describe('secret', () => {
  it('is given directly, by a file, or by reference to a file or another variable', () => {
    const path = file(' from-file\n');
    expect(load({ PASSWORD: 'direct' }).config.PASSWORD).toBe('direct');
    expect(load({ PASSWORD_FILE: path }).config.PASSWORD).toBe('from-file');
    expect(load({ PASSWORD: `file:${path}` }).config.PASSWORD).toBe('from-file');
    expect(load({ PASSWORD: 'env:OTHER', OTHER: 'of-other' }).config.PASSWORD).toBe('of-other');
  });

  it('follows one reference and no more, and none for what is no secret', () => {
    expect(load({ PASSWORD: 'env:OTHER', OTHER: 'env:THIRD', THIRD: 'no' }).config.PASSWORD).toBe('env:THIRD');
    expect(load({ PASSWORD: 'good', PLAIN: 'env:PASSWORD' }).config.PLAIN).toBe('env:PASSWORD');
  });

  it('may be left out when it is optional, and an empty variable counts as absent', () => {
    expect(load({ PASSWORD: 'good', TOKEN: '', TOKEN_FILE: '' }).config.TOKEN).toBeUndefined();
    expect(faultsOf({ PASSWORD: '' })).toEqual([
      { variable: 'PASSWORD', message: expect.stringContaining('is required') as unknown },
    ]);
  });

  it('is refused by the name of the variable that is wrong, never with its value', () => {
    expect(faultsOf({ PASSWORD: 'a', PASSWORD_FILE: '/b' })).toEqual([
      { variable: 'PASSWORD', message: 'give either PASSWORD or PASSWORD_FILE, not both' },
    ]);
    expect(faultsOf({ PASSWORD_FILE: join(folder, 'none') })[0]).toMatchObject({
      variable: 'PASSWORD_FILE',
      message: expect.stringMatching(/can't read .*none \(ENOENT\)/) as unknown,
    });
    expect(faultsOf({ PASSWORD_FILE: file('\n') })[0]?.message).toMatch(/is empty/);
    expect(faultsOf({ PASSWORD: 'env:NOWHERE' })[0]).toEqual({
      variable: 'PASSWORD',
      message: 'refers to NOWHERE, which is not set',
    });
    const short = faultsOf({ PASSWORD_FILE: file('h2') });
    expect(short[0]?.variable).toBe('PASSWORD_FILE');
    expect(JSON.stringify(short)).not.toContain('h2');
  });

  it('is refused in a file that everybody may write, and warned of in one that everybody may read', () => {
    expect(faultsOf({ PASSWORD_FILE: file('secret', 0o606) })[0]?.message).toContain('may be written by everybody');
    const { warnings, config } = load({ PASSWORD_FILE: file('hunter2', 0o644) });
    expect(config.PASSWORD).toBe('hunter2');
    expect(warnings).toEqual([expect.stringContaining('"variable":"PASSWORD_FILE"')]);
    expect(warnings.join()).not.toContain('hunter2');
    expect(load({ PASSWORD_FILE: file('hunter2', 0o440) }).warnings).toEqual([]);
  });
});

describe('secretReader', () => {
  it('gives what the file holds now, and what it held while it holds nothing of use', () => {
    const path = file('first');
    const { config } = load({ PASSWORD_FILE: path });
    const read = secretReader(config, 'PASSWORD');
    writeFileSync(path, 'second\n');
    expect([read(), config.PASSWORD]).toEqual(['second', 'first']);
    writeFileSync(path, '');
    expect(read()).toBe('second');
    writeFileSync(path, 'no');
    expect(read()).toBe('second');
    rmSync(path);
    expect(read()).toBe('second');
  });

  it('gives the value of the start when it did not come from a file', () => {
    const { config } = load({ PASSWORD: 'direct' });
    expect(secretReader(config, 'PASSWORD')()).toBe('direct');
    expect(secretReader({ PASSWORD: 'by-hand' }, 'PASSWORD')()).toBe('by-hand');
  });
});
