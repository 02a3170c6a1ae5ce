import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { credentials, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openTls, type Tls } from '@myriad/http';
import { createLogger } from '@myriad/telemetry';
import { TestAuthority, tempFolder, type TempFolder, type TestCertificate } from '@myriad/testing';
import type { GrpcDoor } from '../../src/grpc/grpc-door.js';
import { openGrpc, startServing, type Serving } from '../serving.js';
import { GrpcClient } from './grpc-client.js';

describe('gRPC with mutual TLS', () => {
  let folder: TempFolder;
  let ours: TestAuthority;
  let theirs: TestAuthority;
  let tls: Tls;
  let serving: Serving;
  let door: GrpcDoor;
  let port: number;
  const path = (name: string): string => join(folder.path, name);

  function write({ cert, key }: TestCertificate, authority: TestAuthority): void {
    writeFileSync(path('tls.crt'), cert);
    writeFileSync(path('tls.key'), key, { mode: 0o600 });
    writeFileSync(path('ca.crt'), authority.cert);
  }

  beforeAll(async () => {
    folder = await tempFolder();
    ours = TestAuthority.create(folder.path, 'ours');
    theirs = TestAuthority.create(folder.path, 'theirs');
    write(ours.issue({ names: ['DNS:realtime'] }), ours);
    const files = { TLS_CERT_FILE: path('tls.crt'), TLS_KEY_FILE: path('tls.key'), TLS_CA_FILE: path('ca.crt') };
    tls = openTls(
      { ...files, TLS_ALLOWED_CLIENTS: ['gateway'] },
      createLogger({ service: 'realtime', level: 'fatal' }),
    )!;
    serving = await startServing();
    ({ door, port } = await openGrpc(serving.harness, tls));
  }, 60_000);
  afterAll(async () => {
    await door.close();
    tls.files.close();
    await serving.close();
    await folder.remove();
  });

  /** `live`, or the status of the refusal. */
  async function ask(authority: TestAuthority, by?: TestCertificate): Promise<number | 'live'> {
    const channel = credentials.createSsl(
      Buffer.from(authority.cert),
      by === undefined ? null : Buffer.from(by.key),
      by === undefined ? null : Buffer.from(by.cert),
    );
    const client = new GrpcClient(port, undefined, channel);
    try {
      await client.call('ServerLive', {}, { deadlineMs: 20_000 });
      return 'live';
    } catch (error) {
      return (error as { code: number }).code;
    } finally {
      client.close();
    }
  }

  test('answers who proves an allowed name, and nobody else', async () => {
    expect(await ask(ours, ours.issue({ names: ['DNS:gateway'] }))).toBe('live');
    expect(await ask(ours, ours.issue({ names: ['DNS:batch'] }))).toBe(status.PERMISSION_DENIED);
    expect(await ask(ours, theirs.issue({ names: ['DNS:gateway'] }))).toBe(status.UNAVAILABLE);
    expect(await ask(ours)).toBe(status.UNAVAILABLE);
  });

  test('takes over new certificates and authorities', async () => {
    write(theirs.issue({ names: ['DNS:realtime'] }), theirs);
    tls.files.look();
    expect(await ask(theirs, theirs.issue({ names: ['DNS:gateway'] }))).toBe('live');
    expect(await ask(theirs, ours.issue({ names: ['DNS:gateway'] }))).toBe(status.UNAVAILABLE);
  });
});
