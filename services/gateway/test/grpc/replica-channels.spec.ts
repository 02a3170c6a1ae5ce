import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Metadata, status, type ServerUnaryCall, type ServiceError, type sendUnaryData } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openTls, type Tls } from '@myriad/http';
import { GrpcListener, doorCredentials, inferenceMethods } from '@myriad/http/grpc';
import { createLogger } from '@myriad/telemetry';
import { TestAuthority, tempFolder, type TempFolder } from '@myriad/testing';
import { ReplicaChannels } from '../../src/grpc/replica-channels.js';

const live = inferenceMethods()['ServerLive']!;

describe('channels to replicas over mutual TLS', () => {
  let folder: TempFolder;
  let authority: TestAuthority;
  let tls: { readonly server: Tls; readonly client: Tls };
  let channels: ReplicaChannels;
  const listener = new GrpcListener();
  let port = 0;
  const logger = createLogger({ service: 'test', level: 'silent' });

  function issue(side: 'server' | 'client', name: string): void {
    const { cert, key } = authority.issue({ names: [`DNS:${name}`] });
    writeFileSync(join(folder.path, `${side}.crt`), cert);
    writeFileSync(join(folder.path, `${side}.key`), key, { mode: 0o600 });
    writeFileSync(join(folder.path, `${side}.ca`), authority.cert);
  }
  const open = (side: string): Tls => {
    const file = (extension: string): string => join(folder.path, `${side}.${extension}`);
    return openTls({ TLS_CERT_FILE: file('crt'), TLS_KEY_FILE: file('key'), TLS_CA_FILE: file('ca') }, logger)!;
  };

  beforeAll(async () => {
    folder = await tempFolder();
    authority = TestAuthority.create(folder.path, 'ours');
    issue('server', 'realtime-tabular-small');
    issue('client', 'gateway');
    tls = { server: open('server'), client: open('client') };
    const answer = (_call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>): void => {
      done(null, Buffer.from([8, 1]));
    };
    listener.server.addService({ ServerLive: live }, { ServerLive: answer });
    port = await listener.listen(0, '127.0.0.1', doorCredentials(tls.server));
    channels = new ReplicaChannels(tls.client.files);
  });
  afterAll(async () => {
    channels.close();
    await listener.close(100);
    tls.server.files.close();
    tls.client.files.close();
    await folder.remove();
  });

  /** `live`, or the status. */
  function ask(origin: string, by = channels): Promise<number | 'live'> {
    return new Promise((resolve) => {
      const { path, requestSerialize, responseDeserialize } = live;
      const options = { deadline: Date.now() + 20_000 };
      by.at(origin, port).makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        Buffer.alloc(0),
        new Metadata(),
        options,
        (error: ServiceError | null) => {
          resolve(error === null ? 'live' : error.code);
        },
      );
    });
  }

  it('lead to an address of a name, and check the certificate against the name', async () => {
    expect(await ask('https://realtime-tabular-small:8080#127.0.0.1')).toBe('live');
    expect(await ask('https://realtime-vision-small:8080#127.0.0.1')).toBe(status.UNAVAILABLE);
  });

  it('take a new certificate for new calls', async () => {
    const before = channels.at('https://realtime-tabular-small:8080#127.0.0.1', port);
    issue('client', 'gateway');
    tls.client.files.look();
    expect(channels.at('https://realtime-tabular-small:8080#127.0.0.1', port)).not.toBe(before);
    expect(await ask('https://realtime-tabular-small:8080#127.0.0.1')).toBe('live');
  });

  it('reach nobody in plain', async () => {
    const plain = new ReplicaChannels(undefined);
    expect(await ask('http://realtime-tabular-small:8080#127.0.0.1', plain)).toBe(status.UNAVAILABLE);
    plain.close();
  });
});
