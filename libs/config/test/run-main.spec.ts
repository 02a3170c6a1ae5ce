import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { ConfigError, runMain, secretFile } from '../src/index.js';

async function run(main: () => void | Promise<void>): Promise<{ text: string; codes: number[] }> {
  const seen = { text: '', codes: [] as number[] };
  await runMain(main, {
    write: (text) => {
      seen.text += text;
    },
    exit: (code) => {
      seen.codes.push(code);
    },
  });
  return seen;
}

describe('runMain', () => {
  it('leaves a start that worked alone', async () => {
    expect(await run(() => Promise.resolve())).toEqual({ text: '', codes: [] });
  });

  it('prints a configuration fault without a stack and exits with 78', async () => {
    const { text, codes } = await run(() => {
      throw new ConfigError([{ variable: 'PORT', message: 'too big' }]);
    });
    expect(codes).toEqual([78]);
    expect(text).toBe('the configuration has 1 fault:\n  PORT: too big\n');
  });

  it('logs anything else with its causes as one line and exits with 1', async () => {
    const { text, codes } = await run(() => {
      throw new Error('no database', { cause: new Error('ECONNREFUSED') });
    });
    expect(codes).toEqual([1]);
    expect(text.trimEnd().split('\n')).toHaveLength(1);
    expect(JSON.parse(text)).toMatchObject({
      level: 'fatal',
      err: { message: 'no database', cause: { message: 'ECONNREFUSED' } },
    });
  });
});

describe('secretFile', () => {
  const folder = mkdtempSync(join(tmpdir(), 'myriad-config-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  it('gives the content without the white space around it', () => {
    expect(secretFile(file('good', ' abc\n'))).toBe('abc');
  });

  it('refuses a missing or an empty file with the name of the variable', () => {
    expect(() => secretFile(join(folder, 'none'), 'KEY_FILE')).toThrow(/KEY_FILE: can't read .*none \(ENOENT\)/);
    expect(() => secretFile(file('empty', '\n'), 'KEY_FILE')).toThrow(ConfigError);
  });
});
