import { connect, type ClientHttp2Session } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { Client, Metadata, credentials, status, type ServiceError } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { GrpcServer, type GrpcCall, type UnaryHandler } from '../../src/grpc/index.js';

const asItIs = (bytes: Buffer): Buffer => bytes;

describe('a gRPC server on node:http2', () => {
  let server: GrpcServer;
  let port: number;
  let client: Client;
  let session: ClientHttp2Session;
  const late: GrpcCall[] = [];
  let deadlineMs = 0;
  beforeAll(async () => {
    server = new GrpcServer({
      tls: undefined,
      statusOf: (error) => {
        const metadata = new Metadata();
        metadata.set('x-request-id', 'r1');
        metadata.set('details-bin', Buffer.from([0, 255]));
        return { code: status.NOT_FOUND, details: (error as Error).message, metadata };
      },
      unary: new Map<string, UnaryHandler>([
        [
          '/s/Echo',
          (call, message) => {
            deadlineMs = call.deadlineMs;
            return message;
          },
        ],
        ['/s/Fail', () => Promise.reject(new Error('50 % of “müde” # "x"\n'))],
        [
          '/s/Never',
          (call) => {
            late.push(call);
            return new Promise<Buffer>(() => undefined);
          },
        ],
      ]),
      streams: new Map([
        [
          '/s/Stream',
          async (call) => {
            for await (const message of call.messages()) {
              if (message.length === 0) throw new Error('nothing');
              await call.write(message);
            }
          },
        ],
      ]),
    });
    port = await server.listen(0, '127.0.0.1');
    client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), { 'grpc.max_receive_message_length': -1 });
    session = connect(`http://127.0.0.1:${port}`);
  });
  afterAll(async () => {
    client.close();
    session.destroy();
    await server.close(1_000);
  });

  const call = (path: string, message: Buffer): Promise<Buffer | undefined> =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest(path, asItIs, asItIs, message, new Metadata(), (error, answer) => {
        if (error === null) resolve(answer);
        else reject(error);
      });
    });
  const refusal = async (path: string, message = Buffer.from('x')): Promise<ServiceError> => {
    const error: unknown = await call(path, message).catch((fault: unknown) => fault);
    if (error instanceof Error) return error as ServiceError;
    throw new Error('it was answered');
  };
  /** What a client that is no gRPC library gets: headers and trailers in one. */
  const raw = (headers: Record<string, string>, body: Buffer): Promise<Record<string, unknown>> =>
    new Promise((resolve, reject) => {
      const got: Record<string, unknown> = {};
      const defaults = { ':method': 'POST', ':path': '/s/Echo', te: 'trailers', 'content-type': 'application/grpc' };
      const stream = session.request({ ...defaults, ...headers });
      const chunks: Buffer[] = [];
      stream
        .on('response', (answer: object) => Object.assign(got, answer))
        .on('trailers', (trailers: object) => Object.assign(got, trailers))
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .on('error', reject)
        .on('close', () => {
          resolve({ ...got, body: Buffer.concat(chunks).toString('latin1') });
        })
        .end(body);
    });
  const frame = (message: Buffer, flag = 0): Buffer => {
    const head = Buffer.alloc(5);
    head[0] = flag;
    head.writeUInt32BE(message.length, 1);
    return Buffer.concat([head, message]);
  };

  test('answers messages of any size', async () => {
    for (const size of [0, 1, 20_000, 5 * 1_048_576])
      expect((await call('/s/Echo', Buffer.alloc(size, 7)))?.equals(Buffer.alloc(size, 7))).toBe(true);
    expect(deadlineMs).toBe(Infinity);
  });

  test('tells a failure with its words and its metadata', async () => {
    const { code, details, metadata } = await refusal('/s/Fail');
    expect([code, details]).toEqual([status.NOT_FOUND, '50 % of “müde” # "x"\n']);
    expect([metadata.get('x-request-id'), metadata.get('details-bin')]).toEqual([['r1'], [Buffer.from([0, 255])]]);
  });

  test('refuses methods that are not there, and messages that are too large', async () => {
    expect((await refusal('/s/Nothing')).code).toBe(status.UNIMPLEMENTED);
    expect((await refusal('/s/Echo', Buffer.alloc(16 * 1_048_576 + 1))).code).toBe(status.RESOURCE_EXHAUSTED);
  });

  test('ends a call when its deadline has passed', async () => {
    const answer = await raw({ ':path': '/s/Never', 'grpc-timeout': '5m' }, frame(Buffer.from('x')));
    expect(answer['grpc-status']).toBe(String(status.DEADLINE_EXCEEDED));
    expect(late.pop()?.cancelled).toBe(true);
  });

  test('knows deadlines that are further away than timers reach', async () => {
    for (const [timeout, ms] of [
      ['99999999H', 99_999_999 * 3_600_000],
      ['2147483648m', Infinity],
      ['60M', 3_600_000],
    ] as const) {
      const answer = await raw({ 'grpc-timeout': timeout }, frame(Buffer.from('x')));
      if (ms === Infinity) expect(answer['grpc-status']).toBe(String(status.INTERNAL));
      else {
        expect(answer).toMatchObject({ 'grpc-status': '0', body: frame(Buffer.from('x')).toString('latin1') });
        expect(Math.abs(deadlineMs - Date.now() - ms)).toBeLessThan(60_000);
      }
    }
  });

  test('says so when the client leaves', async () => {
    const running = client.makeUnaryRequest('/s/Never', asItIs, asItIs, Buffer.from('x'), () => undefined);
    while (late.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    running.cancel();
    while (late[0]?.cancelled === false) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  test('reads messages that are compressed or come in pieces', async () => {
    const zipped = frame(gzipSync(Buffer.from('abc')), 1);
    expect((await raw({ 'grpc-encoding': 'gzip' }, zipped))['body']).toBe('\0\0\0\0\x03abc');
    const broken = await raw({ 'grpc-encoding': 'gzip' }, frame(Buffer.from('abc'), 1));
    expect(broken['grpc-status']).toBe(String(status.INTERNAL));
    const unknown = await raw({ 'grpc-encoding': 'br' }, frame(Buffer.from('abc'), 1));
    expect(unknown['grpc-status']).toBe(String(status.UNIMPLEMENTED));
  });

  test.each([
    ['no message', Buffer.alloc(0), status.UNIMPLEMENTED],
    ['two messages', Buffer.concat([frame(Buffer.from('a')), frame(Buffer.from('b'))]), status.UNIMPLEMENTED],
    ['half a message', frame(Buffer.from('abc')).subarray(0, 6), status.INTERNAL],
  ])('refuses %s', async (_name, body, expected) => {
    expect((await raw({}, body))['grpc-status']).toBe(String(expected));
  });

  test('refuses what is no gRPC', async () => {
    expect((await raw({ 'content-type': 'application/json' }, Buffer.from('{}')))[':status']).toBe(415);
  });

  test('answers a stream in order, and ends it with a failure', async () => {
    const stream = client.makeBidiStreamRequest('/s/Stream', asItIs, asItIs, new Metadata());
    const got: string[] = [];
    const ended = new Promise<number>((resolve) => {
      stream
        .on('data', (bytes: Buffer) => got.push(bytes.toString()))
        .on('error', (error: Error) => {
          resolve((error as ServiceError).code);
        });
    });
    for (let i = 0; i < 50; i += 1) stream.write(Buffer.from(String(i)));
    stream.write(Buffer.alloc(0));
    expect(await ended).toBe(status.NOT_FOUND);
    expect(got).toEqual(Array.from({ length: 50 }, (_, i) => String(i)));
  });
});
