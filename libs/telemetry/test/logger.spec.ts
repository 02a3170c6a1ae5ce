import { describe, expect, it } from '@jest/globals';
import {
  createLogger,
  redactMembers,
  redactText,
  runWithTraceparent,
  withLogFields,
  type LogFields,
  type Logger,
} from '../src/index.js';

function captured(level: 'info' | 'debug' = 'info'): {
  logger: Logger;
  lines: () => Record<string, unknown>[];
  text: () => string;
} {
  let text = '';
  const destination = {
    write: (line: string) => {
      text += line;
    },
  };
  const logger = createLogger({ service: 'registry', level, destination });
  const lines = (): Record<string, unknown>[] =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { logger, lines, text: () => text };
}

const API_KEY = `myr_abcdefgh_${'k'.repeat(40)}`;
const JWT = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1c3JfMSJ9.c2lnbmF0dXJl';

describe('createLogger', () => {
  it('writes one JSON line an event with service, level, time and fields', () => {
    const { logger, lines } = captured();
    logger.info({ tenantId: 'aa' }, 'dataset committed');
    expect(lines()).toEqual([
      {
        level: 'info',
        service: 'registry',
        tenantId: 'aa',
        msg: 'dataset committed',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as unknown,
      },
    ]);
  });

  it('leaves out what is below its level', () => {
    const { logger, text } = captured();
    logger.debug('detail');
    expect(text()).toBe('');
  });

  it('names the trace it runs in', () => {
    const { logger, lines } = captured();
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    runWithTraceparent(`00-${traceId}-00f067aa0ba902b7-01`, () => {
      logger.info('within');
    });
    logger.info('without');
    expect(lines().map((line) => [line['trace_id'], line['span_id']])).toEqual([
      [traceId, '00f067aa0ba902b7'],
      [undefined, undefined],
    ]);
  });

  it('says in every line whose request or event it is, also after a callback, and what is found out later', async () => {
    const { logger, lines } = captured();
    const fields: LogFields = { eventType: 'thing.made.v1' };
    await withLogFields(fields, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      logger.info('before');
      fields.tenantId = 'aa';
      logger.info('after');
    });
    logger.info('outside');
    expect(lines().map(({ msg, eventType, tenantId }) => [msg, eventType, tenantId])).toEqual([
      ['before', 'thing.made.v1', undefined],
      ['after', 'thing.made.v1', 'aa'],
      ['outside', undefined, undefined],
    ]);
  });

  it.each([
    ['a member named authorization', { headers: { authorization: 'Bearer abcdefgh12345678' } }],
    ['a member named in another case', { 'X-Api-Key': 'hunter2', SECRET_KEY: 'hunter2', accessToken: 'hunter2' }],
    ['a member of a list', { items: [{ token: 'hunter2' }] }],
    ['a key in a text', { note: `used ${API_KEY}` }],
    ['a token in a text', { note: `sent ${JWT}` }],
    ['a password in a URL', { url: 'postgres://app:hunter2@127.0.0.1/db' }],
    ['a signature in a URL', { url: 'http://127.0.0.1/o?x=1&signature=hunter2' }],
  ])('never writes %s', (_what, fields) => {
    const { logger, text } = captured();
    logger.info(fields, 'done');
    for (const secret of ['hunter2', 'abcdefgh12345678', API_KEY, JWT]) expect(text()).not.toContain(secret);
    expect(text()).toContain('[redacted]');
  });

  it("leaves a failed statement's parameters out", () => {
    const { logger, lines } = captured();
    const error = Object.assign(new Error('duplicate'), { query: 'INSERT …', parameters: ['hunter2'], code: '23505' });
    logger.error({ err: error }, 'failed');
    expect(lines()[0]).toMatchObject({ err: { message: 'duplicate', query: 'INSERT …', code: '23505' } });
    expect(JSON.stringify(lines())).not.toContain('hunter2');
  });

  it('never writes a secret of a message, an error, its cause or a child', () => {
    const { logger, text } = captured();
    const error = new Error(`connect to postgres://app:hunter2@db failed`, { cause: new Error(`with ${API_KEY}`) });
    logger.error({ err: error }, `key ${API_KEY} refused`);
    logger.child({ password: 'hunter2' }).info('child');
    expect(text()).not.toMatch(/hunter2|k{40}/);
    expect(text()).toContain('myr_abcdefgh_[redacted]');
  });
});

describe('redaction', () => {
  it('takes out what a login is made of', () => {
    const secret = 'q'.repeat(40);
    const fields = { codeVerifier: secret, device_code: secret, clientSecret: secret, refreshToken: secret };
    expect(JSON.stringify(redactMembers(fields))).not.toContain(secret);
    const texts = [`refused mrt_abcdefgh_${secret}`, `https://x/cb?code=${secret}&id_token=${secret}`];
    for (const text of texts) expect(redactText(text)).not.toContain(secret);
  });

  it('gives back the same object when nothing is secret', () => {
    const fields = { tenantId: 'aa', nested: { keyId: 'key_1', list: [1, 2] } };
    expect(redactMembers(fields)).toBe(fields);
  });

  it('does not change what it was given', () => {
    const fields = { nested: { token: 'hunter2' } };
    expect(redactMembers(fields)).toEqual({ nested: { token: '[redacted]' } });
    expect(fields.nested.token).toBe('hunter2');
  });

  it('leaves ordinary texts alone', () => {
    const text = 'http://127.0.0.1:8080/v1/models?pageToken=x and user@example.org, myr_abcdefgh';
    expect(redactText(text)).toBe(text);
  });
});
