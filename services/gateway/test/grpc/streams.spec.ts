import { status, type ClientDuplexStream } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@myriad/testing';
import { GatewayApp } from '../gateway-app.js';
import { FakeReplica, KeyClient, decode, encode } from './grpc-peers.js';

interface Told {
  readonly error_message: string;
  readonly infer_response?: { readonly model_name: string; readonly model_version: string; readonly id: string };
}

describe('streams through the gateway', () => {
  let gateway: GatewayApp;
  let replicas: FakeReplica[];
  let client: KeyClient;
  let key: { keyId: string; key: string; principalId: string };
  beforeAll(async () => {
    gateway = await GatewayApp.start();
    replicas = ['one', 'two', 'three'].map((name) => new FakeReplica(name));
    for (const replica of replicas) await replica.listen();
    await gateway.tenant('aa');
    await gateway.pool(
      'tabular-small',
      replicas.map(({ url }) => url),
    );
    for (let i = 0; i < 12; i += 1) await gateway.placement('aa', `m${i}`, 'tabular-small');
    key = await gateway.principal('aa', [['predictor', 'aa']]);
    client = new KeyClient(gateway.grpcPort, key.key);
    await eventually(async () => {
      expect(await client.call('ModelInfer', { model_name: 'm11' })).toMatchObject({ model_name: 'm11' });
    });
  });
  afterAll(async () => {
    client.close();
    await gateway.close();
    for (const replica of replicas) replica.kill();
  });

  const open = () => {
    const stream = client.stream();
    const told: Told[] = [];
    let ended: number | undefined;
    stream.on('data', (bytes: Buffer) => told.push(decode('ModelStreamInferResponse', bytes) as unknown as Told));
    stream.on('error', () => undefined);
    stream.on('status', ({ code }: { code: number }) => (ended = code));
    return { stream, told, ended: () => ended };
  };
  const send = (stream: ClientDuplexStream<Buffer, Buffer>, model_name: string, id: string): void => {
    stream.write(encode('ModelInferRequest', { model_name, id }));
  };

  it('answer message by message, in order, whatever replicas own the models', async () => {
    const { stream, told, ended } = open();
    for (let i = 0; i < 120; i += 1) send(stream, `m${(i * 7) % 12}`, String(i));
    stream.end();
    await eventually(() => {
      expect(ended()).toBe(status.OK);
    });
    expect(told.map(({ infer_response: response }) => response?.id)).toEqual(
      Array.from({ length: 120 }, (_none, i) => String(i)),
    );
    expect(new Set(told.map(({ infer_response: response }) => response?.model_version)).size).toBe(3);
  });

  it('tell what is refused, and go on', async () => {
    const { stream, told, ended } = open();
    send(stream, 'm1', 'a');
    send(stream, 'nobody', 'b');
    send(stream, '', 'c');
    send(stream, 'm1', 'd');
    stream.end();
    await eventually(() => {
      expect(ended()).toBe(status.OK);
    });
    expect(told.map((one) => one.infer_response?.id ?? (one.error_message === '' ? '' : 'refused'))).toEqual([
      'a',
      'refused',
      'refused',
      'd',
    ]);
  });

  it('send what is unanswered elsewhere when a replica goes away', async () => {
    const { stream, told, ended } = open();
    send(stream, 'm3', '0');
    await eventually(() => {
      expect(told).toHaveLength(1);
    });
    const owner = replicas.find(({ name }) => name === told[0]?.infer_response?.model_version)!;
    const { port } = owner;
    owner.kill();
    for (let i = 1; i < 20; i += 1) send(stream, 'm3', String(i));
    stream.end();
    await eventually(() => {
      expect(ended()).toBe(status.OK);
    });
    expect(told.map(({ infer_response: response }) => response?.id)).toEqual(
      Array.from({ length: 20 }, (_none, i) => String(i)),
    );
    await owner.listen(port);
  });

  it('end when the key is revoked', async () => {
    const other = await gateway.principal('aa', [['predictor', 'aa']]);
    const revoked = new KeyClient(gateway.grpcPort, other.key);
    const stream = revoked.stream();
    let ended: number | undefined;
    let answers = 0;
    stream
      .on('data', () => (answers += 1))
      .on('error', () => undefined)
      .on('status', ({ code }: { code: number }) => (ended = code));
    send(stream, 'm1', '1');
    await eventually(() => {
      expect(answers).toBe(1);
    });
    const revokedAt = new Date().toISOString();
    await gateway.publishKey('aa', other.principalId, other.key, { keyId: other.keyId, revokedAt });
    await eventually(() => {
      expect(gateway.tables.keysById.get(other.keyId)?.isRevoked).toBe(true);
    });
    send(stream, 'm1', '2');
    await eventually(() => {
      expect(ended).toBe(status.UNAUTHENTICATED);
    });
    expect(answers).toBe(1);
    revoked.close();
  });

  it("end with their client's leaving", async () => {
    const { stream } = open();
    send(stream, 'm5', 'never');
    const seen = () =>
      replicas.flatMap((replica) => replica.seen).filter(({ method }) => method === 'ModelStreamInfer');
    const before = seen().length;
    await eventually(() => {
      expect(seen().length).toBeGreaterThanOrEqual(before);
    });
    stream.cancel();
    const after = open();
    send(after.stream, 'm5', 'x');
    after.stream.end();
    await eventually(() => {
      expect(after.ended()).toBe(status.OK);
    });
  });
});
