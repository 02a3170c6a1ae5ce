import { writeFileSync } from 'node:fs';
import { request as httpsRequest, Agent, type RequestOptions } from 'node:https';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestAuthority, eventually, tempFolder, type TempFolder, type TestCertificate } from '@myriad/testing';
import { openTls, type Tls } from '../src/index.js';
import { recordingLogger, startApp, type TestApp } from './support.js';
import { ThingsController } from './things.js';

describe('a service with mutual TLS', () => {
  let folder: TempFolder;
  let ours: TestAuthority;
  let theirs: TestAuthority;
  let tls: Tls;
  let test: TestApp;
  let gateway: TestCertificate;
  let server: TestCertificate;
  const logger = recordingLogger();
  const path = (name: string): string => join(folder.path, name);

  function write({ cert, key }: TestCertificate, ...authorities: TestAuthority[]): void {
    writeFileSync(path('tls.crt'), cert);
    writeFileSync(path('tls.key'), key, { mode: 0o600 });
    writeFileSync(path('ca.crt'), authorities.map((authority) => authority.cert).join(''));
    tls.files.look();
  }

  beforeAll(async () => {
    folder = await tempFolder();
    ours = TestAuthority.create(folder.path, 'ours');
    theirs = TestAuthority.create(folder.path, 'theirs');
    server = ours.issue({ names: ['DNS:auth', 'IP:127.0.0.1'] });
    gateway = ours.issue({ names: ['DNS:gateway'] });
    writeFileSync(path('tls.crt'), server.cert);
    writeFileSync(path('tls.key'), server.key, { mode: 0o600 });
    writeFileSync(path('ca.crt'), ours.cert);
    const files = { TLS_CERT_FILE: path('tls.crt'), TLS_KEY_FILE: path('tls.key'), TLS_CA_FILE: path('ca.crt') };
    tls = openTls({ ...files, TLS_ALLOWED_CLIENTS: ['gateway', 'spiffe://myriad/deployer'] }, logger)!;
    test = await startApp([ThingsController], { tls, logger });
  });
  afterAll(async () => {
    await test.close();
    tls.files.close();
    await folder.remove();
  });

  /** The status of a call, or the code of the failure. */
  function call(options: RequestOptions, target = '/healthz'): Promise<number | string> {
    return new Promise((resolve) => {
      const all = { host: '127.0.0.1', port: test.port, path: target, ca: ours.cert, servername: 'auth', agent: false };
      const sent = httpsRequest({ ...all, ...options }, (response) => {
        response.resume();
        response.on('end', () => {
          resolve(response.statusCode ?? 0);
        });
      });
      sent.on('error', (error: NodeJS.ErrnoException) => {
        resolve(error.code ?? error.message);
      });
      sent.end();
    });
  }

  it('answers the clients that it is told of, by name or URI, and still wants their token', async () => {
    expect(await call(gateway)).toBe(200);
    expect(await call(ours.issue({ names: ['URI:spiffe://myriad/deployer'] }))).toBe(200);
    expect(await call(gateway, '/v1/things')).toBe(401);
  });

  it.each([
    ['without a certificate', () => ({})],
    ['with a certificate of another authority', () => theirs.issue({ names: ['DNS:gateway'] })],
    ['with an expired one', () => ours.issue({ names: ['DNS:gateway'], isExpired: true })],
    ['with another name', () => ours.issue({ names: ['DNS:batch'] })],
    ['with a wildcard', () => ours.issue({ names: ['DNS:*', 'DNS:*.gateway'] })],
    ['with an allowed name in another kind of name', () => ours.issue({ names: ['email:gateway', 'URI:dns:gateway'] })],
    ['with plain HTTP', () => ({ protocol: 'https:', maxVersion: 'TLSv1.2' as const })],
  ])('refuses who comes %s', async (_, certificate) => {
    expect(typeof (await call(certificate()))).toBe('string');
  });

  it('is not taken for another by its callers', async () => {
    expect(await call({ ...gateway, servername: 'registry' })).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
    expect(await call({ ...gateway, ca: theirs.cert })).toMatch(/SELF_SIGNED|UNABLE_TO/);
  });

  it('keeps what it has while files do not fit together', async () => {
    const before = logger.lines.length;
    writeFileSync(path('tls.crt'), theirs.issue({ names: ['DNS:auth'] }).cert);
    tls.files.look();
    tls.files.look();
    expect(await call(gateway)).toBe(200);
    expect(logger.lines.slice(before).filter(({ message }) => message.includes('not to a whole'))).toHaveLength(1);
    write(server, ours);
  });

  it('takes over new certificates without a restart, and refuses the old authority from then on', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ...gateway, ca: ours.cert });
    const kept = (): Promise<number | string> => call({ agent });
    expect(await kept()).toBe(200);
    const [socket] = Object.values(agent.freeSockets)[0] as TLSSocket[];
    const session = socket?.getSession();
    const next = theirs.issue({ names: ['DNS:auth'] });
    write(next, theirs);
    const client = theirs.issue({ names: ['DNS:gateway'] });
    expect(await call({ ...client, ca: theirs.cert })).toBe(200);
    expect(typeof (await call({ ...gateway, ca: [ours.cert, theirs.cert] }))).toBe('string');
    const resumed = await call({ ...gateway, ca: [ours.cert, theirs.cert], ...(session && { session }) });
    expect(typeof resumed).toBe('string');
    // The connection from before is good for one more answer.
    expect(await kept()).toBe(200);
    await eventually(() => {
      expect(socket?.destroyed).toBe(true);
    });
    agent.destroy();
    write(server, ours);
  });

  it('is fully configured or not at all', () => {
    expect(openTls({}, logger)).toBeUndefined();
    expect(() => openTls({ TLS_CERT_FILE: path('tls.crt') }, logger)).toThrow('given together');
    const files = { TLS_CERT_FILE: path('tls.crt'), TLS_KEY_FILE: path('ours.key'), TLS_CA_FILE: path('ca.crt') };
    expect(() => openTls(files, logger)).toThrow(/ours\.key is not the key of/);
    expect(() => openTls({ ...files, TLS_KEY_FILE: path('none') }, logger)).toThrow(/can't read .*none \(ENOENT\)/);
  });
});
