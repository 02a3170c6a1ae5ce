import { type Server, createServer } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '@myriad/kernel';
import { eventually } from '@myriad/testing';
import { freePort } from '../../../../tools/postgres/launch.mjs';
import { Backend } from '../../src/balancing/backend.js';
import { Front } from '../../src/balancing/front.js';

describe('Front', () => {
  const ends: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  /** A replica that says its name, on a port that it keeps. */
  const replica = async (name: string, port: number): Promise<{ isReady: boolean; stop(): Promise<void> }> => {
    const self = { isReady: true, stop: () => stop(server) };
    const server = createServer((request, response) => {
      response.writeHead(request.url === '/readyz' && !self.isReady ? 503 : 200).end(name);
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    ends.push(() => stop(server));
    return self;
  };

  const front = async (ports: readonly number[]): Promise<{ url: string; front: Front }> => {
    const watching = new AbortController();
    const backends = ports.map((port, at) => new Backend(`r${at}`, `http://127.0.0.1:${port}`, systemClock));
    for (const backend of backends) void backend.watch(watching.signal);
    const port = await freePort();
    const opened = new Front({ name: 'auth', port, backends, clock: systemClock });
    await opened.listen();
    ends.push(async () => {
      watching.abort(new Error('the test is over'));
      await opened.close(50);
    });
    return { url: `http://127.0.0.1:${port}`, front: opened };
  };
  const ask = async (url: string): Promise<string> => {
    const answer = await fetch(url, { headers: { connection: 'close' } });
    return answer.text();
  };
  const statesOf = (one: Front): string[] => one.status().backends.map(({ state }) => state);

  it('spreads connections over the replicas that are ready', async () => {
    const ports = [await freePort(), await freePort()];
    for (const [at, port] of ports.entries()) await replica(`r${at}`, port);
    const { url, front: opened } = await front(ports);
    await eventually(() => {
      expect(statesOf(opened)).toEqual(['ready', 'ready']);
    });
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask(url)));
    expect(new Set(answers)).toEqual(new Set(['r0', 'r1']));
  });

  it('goes elsewhere when a replica is away, drains, or ends between two looks', async () => {
    const ports = [await freePort(), await freePort()];
    const [first, second] = await Promise.all(ports.map((port, at) => replica(`r${at}`, port)));
    const { url, front: opened } = await front(ports);
    await eventually(() => {
      expect(statesOf(opened)).toEqual(['ready', 'ready']);
    });
    await first!.stop();
    expect(await Promise.all(Array.from({ length: 4 }, () => ask(url)))).toEqual(Array(4).fill('r1'));
    second!.isReady = false;
    await replica('r0', ports[0]!);
    await eventually(() => {
      expect(statesOf(opened)).toEqual(['ready', 'unready']);
    });
    expect(await ask(url)).toBe('r0');
  });

  it('holds a connection until a replica is there, so that nobody is refused by a restart', async () => {
    const port = await freePort();
    const { url } = await front([port]);
    const waiting = ask(url);
    await replica('late', port);
    expect(await waiting).toBe('late');
  });
});

function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
  });
}
