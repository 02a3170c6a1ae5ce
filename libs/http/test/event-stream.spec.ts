import { defineRoute } from '@myriad/contracts';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ProblemError } from '@myriad/kernel';
import { Controller } from '@nestjs/common';
import { z } from 'zod';
import { Handle, LastEventId, eventStream, type EventStream, type ServerSentEvent } from '../src/index.js';
import { problemIn, startApp, type TestApp } from './support.js';

const define = (operationId: string, path: string) =>
  defineRoute({
    operationId,
    method: 'GET',
    path,
    summary: 'Events',
    permission: 'none',
    responseType: 'text/event-stream',
    response: z.object({ n: z.int() }),
  });
const routes = { few: define('few', '/few'), endless: define('endless', '/endless'), none: define('none', '/none') };

let signalOfEndless: AbortSignal | undefined;
let produced = 0;

// eslint-disable-next-line @typescript-eslint/require-await -- an async source that happens to have all at once
async function* three(from: number): AsyncIterable<ServerSentEvent> {
  for (let n = from; n < 3; n++) yield { id: String(n), event: 'tick', data: { n, text: 'a\nb' } };
}

async function* endless(signal: AbortSignal): AsyncIterable<ServerSentEvent> {
  signalOfEndless = signal;
  for (produced = 0; !signal.aborted; produced++) {
    yield { data: { filler: 'x'.repeat(10_000) } };
    await new Promise((resolve) => setImmediate(resolve));
  }
}

@Controller()
class EventsController {
  @Handle(routes.few)
  few(@LastEventId() last: string | undefined): EventStream {
    return eventStream(() => three(last === undefined ? 0 : Number(last) + 1));
  }

  @Handle(routes.endless)
  endless(): EventStream {
    return eventStream(endless);
  }

  @Handle(routes.none)
  none(): EventStream {
    throw new ProblemError({ kind: 'not-found', code: 'test.no_job', detail: 'no such job' });
  }
}

async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error('it did not come about within 10 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('eventStream', () => {
  let server: TestApp;
  beforeEach(async () => {
    signalOfEndless = undefined;
    server = await startApp([EventsController]);
  });
  afterEach(() => server.close());

  it('sends ids, names and data, and ends', async () => {
    const response = await server.fetch('/few');
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(await response.text()).toBe(
      ': open\n\n' + [0, 1, 2].map((n) => `id: ${n}\nevent: tick\ndata: {"n":${n},"text":"a\\nb"}\n\n`).join(''),
    );
  });

  it('goes on after the last event the client saw', async () => {
    const text = await (await server.fetch('/few', { headers: { 'last-event-id': '1' } })).text();
    expect(text.match(/id: \d/g)).toEqual(['id: 2']);
  });

  it('answers a problem when the stream never opened', async () => {
    expect(await problemIn(await server.fetch('/none'))).toMatchObject({ status: 404, code: 'test.no_job' });
  });

  it('holds a fast source back for a slow client, and stops it when the client leaves', async () => {
    const leave = new AbortController();
    const response = await server.fetch('/endless', { signal: leave.signal });
    expect(response.status).toBe(200);
    let before = -1;
    await until(() => {
      const isStill = produced === before;
      before = produced;
      return isStill && produced > 0;
    });
    expect(produced).toBeLessThan(5_000);
    leave.abort();
    await until(() => signalOfEndless?.aborted === true);
  });

  it('ends open streams when the service stops', async () => {
    const response = await server.fetch('/endless');
    const reading = response.text();
    await until(() => signalOfEndless !== undefined);
    await server.close();
    expect((await reading).startsWith(': open\n\n')).toBe(true);
    expect(signalOfEndless?.aborted).toBe(true);
  });

  it('sends a comment while nothing happens', async () => {
    const stream = eventStream(
      () => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }) }),
      {
        heartbeatMs: 10,
      },
    );
    let text = '';
    for await (const chunk of stream.getStream()) {
      text += String(chunk);
      if (text.includes(': still here')) break;
    }
    expect(text).toContain(': open\n\n: still here\n\n');
  });
});
