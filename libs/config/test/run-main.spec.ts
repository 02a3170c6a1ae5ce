import { describe, expect, it } from '@jest/globals';
import { ConfigError, runMain } from '../src/index.js';

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
