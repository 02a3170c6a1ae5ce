import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { binaryOf } from '@myriad/inference';
import { ProblemError } from '@myriad/kernel';
import { ModelCache } from '../../src/application/model-cache.js';
import type { GrpcDoor } from '../../src/grpc/grpc-door.js';
import { grpcStatusOf } from '@myriad/http/grpc';
import { openGrpc, startServing, type Serving } from '../serving.js';
import { GrpcClient, messageType, type Message } from './grpc-client.js';

const ROW = Array.from({ length: 16 }, (_, i) => i);
const ints = (values: readonly number[]): Buffer => Buffer.from(binaryOf({ data: Int32Array.from(values) }));
const input = (name: string, more: object = {}): object => ({ name, datatype: 'INT32', shape: [1, 16], ...more });
const raw = { inputs: [input('INPUT0'), input('INPUT1')], raw_input_contents: [ints(ROW), ints(ROW)] };
const simple = (more: object = raw): Message => ({ model_name: 'simple', ...more });

interface Answer {
  readonly outputs: { name: string; datatype: string; shape: number[] }[];
  readonly raw_output_contents: Buffer[];
}
const sums = ({ raw_output_contents: [first] }: Answer): number[] =>
  Array.from({ length: 16 }, (_, i) => first!.readInt32LE(4 * i));

describe('the inference protocol over gRPC', () => {
  let serving: Serving;
  let door: GrpcDoor;
  let port: number;
  let client: GrpcClient;
  const clients: GrpcClient[] = [];
  const connect = async (tenant: string | undefined, perms: string[] = ['predictions:invoke']): Promise<GrpcClient> => {
    const token = tenant === undefined ? undefined : await serving.harness.token(tenant, { perms });
    clients.push(new GrpcClient(port, token));
    return clients.at(-1)!;
  };
  beforeAll(async () => {
    serving = await startServing();
    await serving.place('simple', 'simple.onnx', { version: 2 });
    await serving.place('simple_string', 'simple_string.onnx');
    await serving.place('secret', 'simple.onnx', { tenantId: 'bb' });
    ({ door, port } = await openGrpc(serving.harness));
    client = await connect('aa');
  }, 60_000);
  afterAll(async () => {
    for (const each of clients) each.close();
    await door.close();
    await serving.close();
  });

  test('says without a token that it is there', async () => {
    const anybody = await connect(undefined);
    expect(await anybody.call('ServerLive')).toEqual({ live: true });
    expect(await anybody.call('ServerReady')).toEqual({ ready: true });
    expect(await anybody.call('ServerMetadata')).toMatchObject({ name: 'myriad-realtime' });
    expect(await anybody.refusal('ModelReady', { name: 'simple' })).toMatchObject({ code: status.UNAUTHENTICATED });
    expect(await new GrpcClient(port, 'x.y.z').refusal('ModelInfer', simple())).toMatchObject({
      code: status.UNAUTHENTICATED,
    });
  });

  test('predicts from raw contents and from typed ones, the same', async () => {
    const fromRaw = (await client.call('ModelInfer', simple({ ...raw, id: 'q1' }))) as Message & Answer;
    expect(fromRaw).toMatchObject({ model_name: 'simple', model_version: '2', id: 'q1' });
    expect(fromRaw.outputs).toMatchObject([
      { name: 'OUTPUT0', datatype: 'INT32', shape: [1, 16] },
      { name: 'OUTPUT1', datatype: 'INT32', shape: [1, 16] },
    ]);
    expect(sums(fromRaw)).toEqual(ROW.map((value) => 2 * value));
    const contents = { contents: { int_contents: ROW } };
    const typed = { inputs: [input('INPUT0', contents), input('INPUT1', contents)], outputs: [{ name: 'OUTPUT0' }] };
    const fromTyped = (await client.call('ModelInfer', simple(typed))) as Message & Answer;
    expect(fromTyped.outputs).toHaveLength(1);
    expect(sums(fromTyped)).toEqual(sums(fromRaw));
  });

  test('predicts from strings', async () => {
    const contents = { bytes_contents: ROW.map((value) => Buffer.from(String(value))) };
    const inputs = ['INPUT0', 'INPUT1'].map((name) => ({ name, datatype: 'BYTES', shape: [1, 16], contents }));
    const answer = (await client.call('ModelInfer', { model_name: 'simple_string', inputs })) as Message & Answer;
    const expected = Buffer.from(binaryOf({ data: ROW.map((value) => String(2 * value)) }));
    expect(answer.raw_output_contents[0]!.equals(expected)).toBe(true);
  });

  const none = { contents: {} };
  test.each<[string, Message, string]>([
    ['raw and typed contents', simple({ ...raw, inputs: [input('INPUT0', none), input('INPUT1')] }), 'one of both'],
    ['too few raw contents', simple({ ...raw, raw_input_contents: [ints(ROW)] }), 'one for each'],
    ['bytes that lie', simple({ ...raw, raw_input_contents: [ints(ROW), ints([1])] }), '4 bytes were sent'],
    [
      'a negative shape',
      simple({ ...raw, inputs: [input('INPUT0', { shape: [-1, 16] }), input('INPUT1')] }),
      "'shape'",
    ],
    [
      'a shape that overflows',
      simple({ ...raw, inputs: [input('INPUT0', { shape: ['9223372036854775807', 16] }), input('INPUT1')] }),
      'rows',
    ],
    [
      'an unknown datatype',
      simple({ ...raw, inputs: [input('INPUT0', { datatype: 'INT33' }), input('INPUT1')] }),
      'INT33',
    ],
    [
      'contents of another type',
      simple({ inputs: [input('INPUT0', { contents: { fp32_contents: [1] } }), input('INPUT1')] }),
      'another type',
    ],
    ['an output twice', simple({ ...raw, outputs: [{ name: 'OUTPUT0' }, { name: 'OUTPUT0' }] }), 'each once'],
    [
      'shared memory',
      simple({
        ...raw,
        inputs: [input('INPUT0', { parameters: { shared_memory_region: { string_param: 'r' } } }), input('INPUT1')],
      }),
      'shared_memory_region',
    ],
    [
      'a classification',
      simple({ ...raw, outputs: [{ name: 'OUTPUT0', parameters: { classification: { int64_param: 3 } } }] }),
      'classification',
    ],
  ])('%s is an invalid argument', async (_name, request, says) => {
    const refusal = await client.refusal('ModelInfer', request);
    expect(refusal.code).toBe(status.INVALID_ARGUMENT);
    expect(refusal.details).toContain(says);
  });

  test('what is no message is an invalid argument, a message over 16 MiB is refused unread', async () => {
    expect((await client.refusal('ModelInfer', {}, { raw: Buffer.from('0a', 'hex') })).code).toBe(
      status.INVALID_ARGUMENT,
    );
    expect((await client.refusal('ModelInfer', {}, { raw: Buffer.alloc(17 * 1_048_576) })).code).toBe(
      status.RESOURCE_EXHAUSTED,
    );
  });

  test('sixteen million numbers in typed contents take no more memory than their message many times over', async () => {
    const ones = Buffer.concat([Buffer.from([0x12]), varint(14 * 1_048_576), Buffer.alloc(14 * 1_048_576, 1)]);
    const head = Buffer.from(messageType('ModelInferRequest').encode({ model_name: 'simple' }).finish());
    const tensor = Buffer.concat([Buffer.from('0a06494e50555430', 'hex'), Buffer.from('1205494e543332', 'hex')]);
    const body = Buffer.concat([tensor, Buffer.from([0x2a]), varint(ones.length), ones]);
    const before = process.memoryUsage().rss;
    const refusal = await client.refusal(
      'ModelInfer',
      {},
      { raw: Buffer.concat([head, Buffer.from([0x2a]), varint(body.length), body]) },
    );
    expect(refusal.code).toBe(status.INVALID_ARGUMENT);
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1_048_576);
  });

  test("another tenant's model is not found, in the words of one that does not exist", async () => {
    const foreign = await client.refusal('ModelInfer', { ...simple(), model_name: 'secret' });
    const unknown = await client.refusal('ModelInfer', { ...simple(), model_name: 'nothing' });
    expect([foreign.code, unknown.code]).toEqual([status.NOT_FOUND, status.NOT_FOUND]);
    expect(foreign.details.replace('secret', 'nothing')).toBe(unknown.details);
    expect(await client.refusal('ModelInfer', simple({ ...raw, model_version: '7' }))).toMatchObject({
      code: status.NOT_FOUND,
    });
    for (const method of ['RepositoryModelLoad', 'RepositoryModelUnload'])
      expect((await client.refusal(method, { model_name: 'secret' })).code).toBe(status.NOT_FOUND);
  });

  test('needs the permissions of HTTP', async () => {
    const reader = await connect('aa', ['models:read']);
    expect((await reader.refusal('ModelInfer', simple())).code).toBe(status.PERMISSION_DENIED);
    expect(await reader.call('ModelMetadata', { name: 'simple' })).toMatchObject({
      versions: ['2'],
      inputs: [{ name: 'INPUT0', datatype: 'INT32', shape: [-1, 16] }, {}],
    });
    const other = await connect('aa', ['costs:read']);
    expect((await other.refusal('ModelMetadata', { name: 'simple' })).code).toBe(status.PERMISSION_DENIED);
  });

  test('says the configuration, what was done, and which models there are', async () => {
    expect(await client.call('ModelConfig', { name: 'simple' })).toMatchObject({
      config: { name: 'simple', max_batch_size: 100_000, input: [{ name: 'INPUT0', data_type: 8, dims: [16] }, {}] },
    });
    await client.call('ModelInfer', simple());
    const { model_stats } = await client.call('ModelStatistics', { name: 'simple' });
    expect((model_stats as [{ inference_count: number }])[0].inference_count).toBeGreaterThan(0);
    const { models } = await client.call('RepositoryIndex');
    expect((models as { name: string }[]).map(({ name }) => name).sort()).toEqual(['simple', 'simple_string']);
    expect(await client.call('TraceSetting')).toMatchObject({ settings: { trace_level: { value: ['OFF'] } } });
    expect(await client.call('LogSettings')).toMatchObject({ settings: { log_info: { bool_param: true } } });
    const change = { settings: { log_info: { bool_param: false } } };
    expect((await client.refusal('LogSettings', change)).code).toBe(status.UNIMPLEMENTED);
  });

  test.each([
    ["Triton's", { model_name: 'simple' }],
    ["KServe's", { repository_name: 'simple' }],
  ])('loads and unloads in %s dialect', async (_dialect, request) => {
    const loaded = (): number => serving.harness.get(ModelCache).state.models;
    const before = loaded();
    expect(await client.call('RepositoryModelUnload', request)).toEqual({ model_name: 'simple', isUnloaded: true });
    expect(loaded()).toBe(before - 1);
    expect(await client.call('RepositoryModelLoad', request)).toEqual({ model_name: 'simple', isLoaded: true });
    expect(loaded()).toBe(before);
  });

  test('a deadline that has passed is told', async () => {
    const refusal = await client.refusal('ModelInfer', simple(), { deadlineMs: -1 });
    expect(refusal.code).toBe(status.DEADLINE_EXCEEDED);
  });

  test('a stream answers each message in order, and tells faults without ending', async () => {
    const stream = client.stream();
    const answers: Message[] = [];
    const ended = new Promise((resolve, reject) => {
      stream
        .on('data', (answer: Message) => answers.push(answer))
        .on('end', resolve)
        .on('error', reject);
    });
    for (let i = 0; i < 20; i += 1) stream.write(simple({ ...raw, id: String(i) }));
    stream.write({ ...simple(), model_name: 'nothing' });
    stream.write(simple({ ...raw, id: 'last' }));
    stream.end();
    await ended;
    const ids = answers.map((answer) => (answer['infer_response'] as { id: string } | null)?.id);
    expect(ids).toEqual([...Array.from({ length: 20 }, (_, i) => String(i)), undefined, 'last']);
    expect(answers[20]!['error_message']).toContain("no model 'nothing'");
  });

  test('a stream without a token ends with that', async () => {
    const stream = (await connect(undefined)).stream();
    const ended = new Promise<{ code: number }>((resolve) => stream.on('error', resolve as never).resume());
    stream.write(simple());
    expect((await ended).code).toBe(status.UNAUTHENTICATED);
  });
});

describe('a refusal as a status', () => {
  test('says when to try again', () => {
    const { code, metadata } = grpcStatusOf(
      new ProblemError({ kind: 'rate-limited', code: 'realtime.busy', detail: 'busy', retryAfterSeconds: 1.5 }),
      'r1',
    );
    expect(code).toBe(status.RESOURCE_EXHAUSTED);
    expect(metadata.get('grpc-retry-pushback-ms')).toEqual(['1500']);
    const details = metadata.get('grpc-status-details-bin')[0]!.toString('latin1');
    expect(details).toContain('google.rpc.RetryInfo');
    expect(details).toContain('realtime.busy');
  });

  test('tells nothing of what is no refusal', () => {
    const { code, details } = grpcStatusOf(new Error('secret inner words'), 'r1');
    expect(code).toBe(status.INTERNAL);
    expect(details).not.toContain('secret');
  });
});

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 0x7f) | 0x80);
  }
}
