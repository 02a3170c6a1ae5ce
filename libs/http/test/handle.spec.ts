import { defineRoute } from '@myriad/contracts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { z } from 'zod';
import { Handle } from '../src/index.js';
import { startApp, type TestApp } from './support.js';

const base = { method: 'GET', summary: 'x', permission: 'none' } as const;
const flagRoute = defineRoute({ ...base, operationId: 'flag', path: '/flag', response: z.object({ ok: z.boolean() }) });
const emptyRoute = defineRoute({ ...base, operationId: 'empty', path: '/empty', response: z.null() });
const textRoute = defineRoute({
  ...base,
  operationId: 'text',
  path: '/text',
  response: z.string(),
  responseType: 'text/plain; charset=utf-8',
});

@Controller()
class AnswersController {
  @Handle(emptyRoute)
  empty(): Promise<void> {
    return Promise.resolve();
  }

  @Handle(textRoute)
  text(): string {
    return 'words';
  }

  // @ts-expect-error the contract says a boolean: a handler that answers something else must not compile
  @Handle(flagRoute)
  flag(): { ok: string } {
    return { ok: 'yes' };
  }
}

describe('@Handle', () => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startApp([AnswersController], { validateResponses: false });
  });
  afterAll(() => server.close());

  it('answers an empty body where the contract says nothing', async () => {
    const response = await server.fetch('/empty');
    expect([response.status, await response.text()]).toEqual([200, '']);
  });

  it('answers with the media type of the contract', async () => {
    const response = await server.fetch('/text');
    expect([response.headers.get('content-type'), await response.text()]).toEqual([
      'text/plain; charset=utf-8',
      'words',
    ]);
  });

  it('answers JSON unless the contract says otherwise', async () => {
    expect((await server.fetch('/flag')).headers.get('content-type')).toContain('application/json');
  });
});
