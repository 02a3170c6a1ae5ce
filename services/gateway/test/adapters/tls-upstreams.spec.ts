import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { InternalTokenVerifier, createHttpApp, openTls, staticKeys, type Tls } from '@myriad/http';
import { systemClock } from '@myriad/kernel';
import { createLogger } from '@myriad/telemetry';
import { TestAuthority, tempFolder, type TempFolder } from '@myriad/testing';
import { Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Http1Upstreams } from '../../src/adapters/http1/http1-upstreams.js';
import { InFlight } from '../../src/application/in-flight.js';
import { Outages } from '../../src/application/outages.js';

@Module({})
class EmptyModule {}

describe('upstreams over mutual TLS', () => {
  let folder: TempFolder;
  const authorities: TestAuthority[] = [];
  let tls: { readonly server: Tls; readonly client: Tls };
  let app: NestFastifyApplication;
  let upstreams: Http1Upstreams;
  let port = '';
  const logger = createLogger({ service: 'test', level: 'silent' });

  /** Writes one side's files; the other side learns of it by its own files only. */
  function write(side: 'server' | 'client', authority: TestAuthority, trusted: readonly TestAuthority[]): void {
    const { cert, key } = authority.issue({ names: [side === 'server' ? 'DNS:localhost' : 'DNS:gateway'] });
    writeFileSync(join(folder.path, `${side}.crt`), cert);
    writeFileSync(join(folder.path, `${side}.key`), key, { mode: 0o600 });
    writeFileSync(join(folder.path, `${side}.ca`), trusted.map((one) => one.cert).join(''));
  }
  const open = (side: string): Tls => {
    const file = (extension: string): string => join(folder.path, `${side}.${extension}`);
    return openTls({ TLS_CERT_FILE: file('crt'), TLS_KEY_FILE: file('key'), TLS_CA_FILE: file('ca') }, logger)!;
  };

  beforeAll(async () => {
    folder = await tempFolder();
    authorities.push(TestAuthority.create(folder.path, 'one'), TestAuthority.create(folder.path, 'two'));
    write('server', authorities[0]!, [authorities[0]!]);
    write('client', authorities[0]!, [authorities[0]!]);
    tls = { server: open('server'), client: open('client') };
    const verifier = new InternalTokenVerifier({ keys: staticKeys({ keys: [] }) });
    app = await createHttpApp(EmptyModule, { service: 'thing', logger, verifier, tls: tls.server });
    await app.listen(0, '127.0.0.1');
    port = new URL(await app.getUrl()).port;
    upstreams = new Http1Upstreams(new Outages(systemClock), new InFlight(), 0, tls.client.files);
  });
  afterAll(async () => {
    await upstreams.close();
    await app.close();
    tls.server.files.close();
    tls.client.files.close();
    await folder.remove();
  });

  function get(origin = `https://localhost:${port}`, by = upstreams): Promise<number | string> {
    return new Promise((resolve) => {
      const timeouts = { headTimeoutMs: 20_000, pauseTimeoutMs: 20_000, deadlineMs: undefined, isRepeatable: false };
      const request = { origin: () => origin, method: 'POST', path: '/healthz', headers: [], body: Buffer.from('{}') };
      let status = 0;
      by.send(
        { ...request, ...timeouts },
        {
          onHead: (head) => (status = head),
          onData: () => true,
          onEnd: () => {
            resolve(status);
          },
          onFailure: (failure) => {
            resolve(failure);
          },
        },
      );
    });
  }

  it('reach a service whose certificate names it, and no other, and nothing in plain', async () => {
    expect(await get()).toBe(404);
    expect(await get(`https://127.0.0.1:${port}`)).toBe('unreachable');
    expect(await get(`http://localhost:${port}`)).toBe('unreachable');
  });

  it('fail no request while certificates and authorities are rotated under load', async () => {
    const [one, two] = authorities as [TestAuthority, TestAuthority];
    const outcomes: (number | string)[] = [];
    let isOver = false;
    const load = Promise.all(
      Array.from({ length: 8 }, async () => {
        while (!isOver) outcomes.push(await get());
      }),
    );
    const steps: (readonly [TestAuthority, readonly TestAuthority[]])[] = [
      [one, [one, two]], // both are trusted everywhere before any certificate changes
      [two, [one, two]],
      [two, [two]],
    ];
    for (const [authority, trusted] of steps)
      for (const side of ['server', 'client'] as const) {
        const seen = outcomes.length;
        write(side, authority, trusted);
        tls[side].files.look();
        while (outcomes.length < seen + 100) await new Promise((resolve) => setImmediate(resolve));
      }
    isOver = true;
    await load;
    expect(outcomes.length).toBeGreaterThanOrEqual(600);
    expect(new Set(outcomes)).toEqual(new Set([404]));
  });

  it('are refused with a certificate of the authority that was taken out', async () => {
    write('client', authorities[0]!, authorities);
    const old = open('client');
    const late = new Http1Upstreams(new Outages(systemClock), new InFlight(), 0, old.files);
    expect(typeof (await get(undefined, late))).toBe('string');
    expect(await get()).toBe(404);
    await late.close();
    old.files.close();
  });
});
