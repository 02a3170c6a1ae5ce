import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { GrpcDoor } from '../../src/grpc/grpc-door.js';
import { GrpcClient } from '../grpc/grpc-client.js';
import { openGrpc, startServing, type Serving } from '../serving.js';
import { MALFORMED, malformedBody, malformedMessage } from './malformed.js';
import { bombFrame, exchangeRaw, groupsOfGrpc, sendGrpcFrame } from './raw-wire.js';

const MIB = 1_048_576;
/** What a refusal may keep of the memory, with the noise of a process that runs other tests. */
const CONSTANT_BYTES = 128 * MIB;
const HEADER = 'inference-header-content-length';

describe('what is malformed', () => {
  let serving: Serving;
  let door: GrpcDoor;
  let port: number;
  let client: GrpcClient;
  let token: string;
  beforeAll(async () => {
    serving = await startServing();
    await serving.place('simple', 'simple.onnx');
    token = await serving.harness.token('aa', { perms: ['predictions:invoke'] });
    ({ door, port } = await openGrpc(serving.harness));
    client = new GrpcClient(port, token);
  }, 60_000);
  afterAll(async () => {
    client.close();
    await door.close();
    await serving.close();
  });

  const infer = `/v2/models/simple/infer`;
  const post = async (body: Buffer | string, headers: Record<string, string> = {}, path = infer) => {
    const answer = await fetch(serving.harness.url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, ...headers },
      body: new Uint8Array(Buffer.from(body)),
    });
    const problem = (await answer.json().catch(() => ({}))) as { code?: string; detail?: string; error?: string };
    return { status: answer.status, type: answer.headers.get('content-type') ?? '', problem };
  };
  /** An honest caller is answered as ever. */
  const stillServes = async (): Promise<void> => {
    const data = Array.from({ length: 16 }, (_, i) => i);
    const inputs = [0, 1].map((i) => ({ name: `INPUT${i}`, datatype: 'INT32', shape: [1, 16], data }));
    expect((await post(JSON.stringify({ inputs }))).status).toBe(200);
  };

  const cases = Object.entries(MALFORMED);
  test.each(cases)('over HTTP: %s', async (_name, malformed) => {
    const { body, headerLength } = malformedBody(malformed);
    const { status: code, type, problem } = await post(body, { [HEADER]: headerLength });
    expect({ code, type, problem: problem.code, error: problem.error }).toEqual({
      code: malformed.code === 'too_many_rows' ? 413 : 400,
      type: 'application/problem+json',
      problem: `inference.${malformed.code}`,
      error: problem.detail,
    });
    expect(problem.detail).toMatch(malformed.says);
  });

  test.each(cases.filter(([, { onlyHttp }]) => onlyHttp !== true))('over gRPC: %s', async (_name, malformed) => {
    const refusal = await client.refusal('ModelInfer', malformedMessage(malformed));
    expect(refusal.code).toBe(status.INVALID_ARGUMENT);
    expect(refusal.details).toMatch(malformed.says);
    expect(refusal.metadata.get('grpc-status-details-bin')[0]?.toString('latin1')).toContain(malformed.code);
  });

  test.each([
    ['a length that is said twice', { [HEADER]: '2, 2' }, 400],
    ['a length with a sign', { [HEADER]: '+2' }, 400],
    ['a length in hexadecimal', { [HEADER]: '0x2' }, 400],
    ['a length in fractions', { [HEADER]: '2.0' }, 400],
    ['a length of a gigabyte', { [HEADER]: '1073741824' }, 400],
    ['a length of more digits than numbers have', { [HEADER]: '9'.repeat(400) }, 400],
    ['a length within a character', { [HEADER]: '1' }, 400],
    ['an encoding that is not there', { 'content-encoding': 'zstd' }, 415],
    ['two encodings', { 'content-encoding': 'gzip, gzip' }, 415],
    ['an encoding by the name of a member', { 'content-encoding': 'constructor' }, 415],
    ['bytes that are not gzip', { 'content-encoding': 'gzip' }, 400],
    ['bytes that are not deflate', { 'content-encoding': 'deflate' }, 400],
    ['a media type of something else', { 'content-type': 'application/x-protobuf' }, 415],
  ])('over HTTP: %s', async (_name, headers, expected) => {
    const { status: code, type, problem } = await post('{}', headers);
    expect([code, type]).toEqual([expected, 'application/problem+json']);
    expect(problem.detail).not.toBe('');
  });

  test.each<[string, string, RegExp]>([
    ['says that it has a gigabyte', `content-length: ${2 ** 30}\r\n\r\n{}`, /^HTTP\/1.1 413 /],
    ['says two lengths', 'content-length: 2\r\ncontent-length: 3\r\n\r\n{}', /^HTTP\/1.1 400 /],
    [
      'says a length and comes in chunks',
      'content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      /^HTTP\/1.1 400 /,
    ],
    ['says a negative length', 'content-length: -2\r\n\r\n{}', /^HTTP\/1.1 400 /],
    ['comes in a chunk that has no size', 'transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n', /^HTTP\/1.1 400 /],
    [
      'comes in a chunk larger than all integers',
      'transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}',
      /^HTTP\/1.1 400 /,
    ],
    ['comes in ways that are not there', 'transfer-encoding: gzip\r\n\r\n{}', /^HTTP\/1.1 400 /],
    ['breaks off', 'content-length: 2000\r\n\r\n{"inputs"', /^$|^HTTP\/1.1 400 /],
  ])('a body that %s', async (_name, rest, expected) => {
    const head = `POST ${infer} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n`;
    expect(await exchangeRaw(serving.harness.url, head + rest)).toMatch(expected);
    await stillServes();
  });

  test('a body in chunks without end is refused at its limit, in constant memory', async () => {
    const before = process.memoryUsage().rss;
    const head = `POST ${infer} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ntransfer-encoding: chunked\r\n\r\n`;
    const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(MIB, ' '), Buffer.from('\r\n')]);
    const answer = await exchangeRaw(serving.harness.url, head, { chunk, times: 512 });
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
    expect(process.memoryUsage().rss - before).toBeLessThan(CONSTANT_BYTES);
    await stillServes();
  });

  test.each([
    ['a frame that says it has a gigabyte', Buffer.from([0, 0x40, 0, 0, 0, 1]), status.RESOURCE_EXHAUSTED],
    ['groups in groups without end', groupsOfGrpc(2_000_000), status.INVALID_ARGUMENT],
    [
      'a varint without end',
      Buffer.concat([Buffer.from([0, 0, 0, 0, 20]), Buffer.alloc(20, 0xff)]),
      status.INVALID_ARGUMENT,
    ],
    ['a string longer than the message', Buffer.from([0, 0, 0, 0, 2, 0x0a, 0x7f]), status.INVALID_ARGUMENT],
    ['a compressed frame without an encoding', Buffer.from([1, 0, 0, 0, 1, 0]), status.INVALID_ARGUMENT],
  ])('over gRPC: %s', async (_name, frame, expected) => {
    const before = process.memoryUsage().rss;
    expect(await sendGrpcFrame(port, { token, frame })).toBe(expected);
    expect(process.memoryUsage().rss - before).toBeLessThan(CONSTANT_BYTES);
    expect((await client.call('ServerLive'))['live']).toBe(true);
  });

  test('over gRPC: a message that unfolds to more than messages may have', async () => {
    const frame = bombFrame(100 * MIB);
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 6; i += 1)
      expect(await sendGrpcFrame(port, { token, frame, encoding: 'gzip' })).toBe(status.RESOURCE_EXHAUSTED);
    expect(process.memoryUsage().rss - before).toBeLessThan(CONSTANT_BYTES);
    expect(await sendGrpcFrame(port, { token, frame, encoding: 'br' })).toBe(status.UNIMPLEMENTED);
  });
});
