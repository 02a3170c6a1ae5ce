import { once } from 'node:events';
import { connect } from 'node:net';
import { defineRoute } from '@myriad/contracts';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Pool } from 'undici';
import { z } from 'zod';
import { Handle, type HttpLimits } from '../src/index.js';
import { farAway, type FarAway } from './far-away.js';
import { startApp, type TestApp } from './support.js';

const route = defineRoute({
  operationId: 'work',
  method: 'POST',
  path: '/work',
  summary: 'Work',
  permission: 'public',
  response: z.object({}),
});

@Controller()
class WorkController {
  @Handle(route)
  async work(): Promise<Record<string, never>> {
    await new Promise((resolve) => setTimeout(resolve, 3));
    return {};
  }
}

const LATENCY_MS = 20;
/** Clients are told that a connection lasts a second; these use one for half of it. */
const LIMITS: Partial<HttpLimits> = { keepAliveMs: 1_000, quietMs: 1_500 };
const MARGIN_MS = 500;
const CONNECTIONS = 32;
/** How often the balancer looks who is ready. */
const LOOK_MS = 250;

describe('a server that ends under load', () => {
  const ends: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  it('fails no request of clients that keep idle connections, and hands over to the next', async () => {
    const servers = [await startApp([WorkController], { limits: LIMITS }), await startApp([WorkController])];
    for (const server of servers) ends.push(() => server.close());
    const front = await balancer(servers);
    const pool = new Pool(front.url, { connections: CONNECTIONS, keepAliveTimeoutThreshold: MARGIN_MS });
    ends.push(() => pool.destroy());
    const ending = new AbortController();
    const sending = sendInWaves(pool, ending.signal);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await servers[0]!.close();
    await new Promise((resolve) => setTimeout(resolve, 500));
    ending.abort();
    const { failures, count } = await sending;
    expect(failures).toEqual([]);
    expect(count).toBeGreaterThan(200);
  });

  it('says how long an idle connection lasts, and keeps it longer for who does not listen', async () => {
    const server = await startApp([WorkController], { limits: { keepAliveMs: 1_000 } });
    ends.push(() => server.close());
    const socket = connect(server.port, '127.0.0.1');
    ends.push(() => Promise.resolve(socket.destroy()));
    const asked = async (): Promise<string> => {
      socket.write('GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n');
      const [chunk] = (await once(socket, 'data')) as [Buffer];
      return chunk.toString();
    };
    expect(await asked()).toMatch(/^HTTP\/1.1 200 [^]*keep-alive: timeout=1\r\n/i);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(await asked()).toMatch(/^HTTP\/1.1 200 /);
  });

  /** Gives new connections to the first server that it last saw ready. */
  async function balancer(servers: readonly TestApp[]): Promise<FarAway> {
    let chosen = servers[0]!;
    const looking = setInterval(() => {
      void Promise.all(servers.map(isReady)).then((ready) => (chosen = servers[ready.indexOf(true)]!));
    }, LOOK_MS);
    const front = await farAway(LATENCY_MS, () => chosen.port);
    ends.push(() => front.close());
    ends.push(() => {
      clearInterval(looking);
      return Promise.resolve();
    });
    return front;
  }
});

async function isReady({ url }: TestApp): Promise<boolean> {
  const answer = await fetch(`${url}/readyz`, { headers: { connection: 'close' } }).catch(() => undefined);
  return answer?.status === 200;
}

/** Sends few at a time, and now and then one on every connection: so some connections are idle for a while and are needed again. */
async function sendInWaves(pool: Pool, signal: AbortSignal): Promise<{ failures: readonly string[]; count: number }> {
  const failures: string[] = [];
  const inFlight: Promise<void>[] = [];
  const send = async (): Promise<void> => {
    try {
      const answer = await pool.request({ method: 'POST', path: '/work' });
      const text = await answer.body.text();
      if (answer.statusCode !== 200) failures.push(`${answer.statusCode} ${text}`);
    } catch (error) {
      failures.push(String(error));
    }
  };
  for (let tick = 0; !signal.aborted; tick++) {
    const wave = tick % 7 === 0 ? CONNECTIONS : 1 + (tick % 3);
    for (let at = 0; at < wave; at++) inFlight.push(send());
    await new Promise((resolve) => setTimeout(resolve, 25 + (tick % 11)));
  }
  await Promise.all(inFlight);
  return { failures, count: inFlight.length };
}
