import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { binaryOf, splitBody } from '@myriad/inference';
import type { GrpcDoor } from '../../src/grpc/grpc-door.js';
import { GrpcClient } from '../grpc/grpc-client.js';
import { openGrpc, startServing, type Serving } from '../serving.js';

const HEADER = 'inference-header-content-length';
/** Two rows for a model of one input, FP32 [-1, 8]; it says which values are above 0. */
const VALUES = Float32Array.from([1, -1, 2, -2, 3, -3, 4, -4, -5, 5, -6, 6, -7, 7, -8, 8]);
const SIGNS = Array.from(VALUES, (value) => (value > 0 ? 1 : 0));
const X = { name: 'X', datatype: 'FP32', shape: [2, 8] };
const FLAT = [...VALUES];

/** What other servers of the protocol do, and their clients have come to rely on. */
describe('clients of Triton, MLServer and KServe find', () => {
  let serving: Serving;
  let door: GrpcDoor;
  let client: GrpcClient;
  let authorization: string;
  beforeAll(async () => {
    serving = await startServing();
    await serving.place('signs', 'shapes/binarizer.onnx');
    await serving.place('echo', 'echo.onnx');
    const token = await serving.harness.token('aa', { perms: ['predictions:invoke'] });
    authorization = `Bearer ${token}`;
    const opened = await openGrpc(serving.harness);
    door = opened.door;
    client = new GrpcClient(opened.port, token);
  }, 60_000);
  afterAll(async () => {
    client.close();
    await door.close();
    await serving.close();
  });

  const post = async (path: string, body: Uint8Array | string, headers: Record<string, string> = {}) => {
    const answer = await fetch(serving.harness.url + path, {
      method: 'POST',
      headers: { authorization, ...headers },
      // as bytes, so that no media type goes along
      body: typeof body === 'string' ? new Uint8Array(Buffer.from(body)) : new Uint8Array(body),
    });
    return { status: answer.status, headers: answer.headers, bytes: Buffer.from(await answer.arrayBuffer()) };
  };
  const infer = (body: object | string, headers?: Record<string, string>) =>
    post('/v2/models/signs/infer', typeof body === 'string' ? body : JSON.stringify(body), headers);
  const signsOf = ({ bytes }: { bytes: Buffer }): unknown =>
    (JSON.parse(bytes.toString()) as { outputs: [{ data: unknown }] }).outputs[0].data;

  test('health in the status and in the body, a model’s readiness in the status alone', async () => {
    for (const path of ['live', 'ready']) {
      const answer = await fetch(`${serving.harness.url}/v2/health/${path}`);
      expect([answer.status, await answer.json()]).toEqual([200, { [path]: true }]);
    }
    const ready = await fetch(`${serving.harness.url}/v2/models/signs/ready`, { headers: { authorization } });
    expect([ready.status, await ready.text()]).toEqual([200, '']);
  });

  test('JSON without a media type, and one with a character set', async () => {
    const body = { inputs: [{ ...X, data: FLAT }] };
    expect(signsOf(await infer(body))).toEqual(SIGNS);
    expect(signsOf(await infer(body, { 'content-type': 'application/json; charset=utf-8' }))).toEqual(SIGNS);
    expect(signsOf(await infer(body, { 'content-type': 'application/octet-stream' }))).toEqual(SIGNS);
  });

  test('values flat, nested, and nested no deeper than the shape', async () => {
    const nested = [FLAT.slice(0, 8), FLAT.slice(8)];
    for (const data of [FLAT, nested]) expect(signsOf(await infer({ inputs: [{ ...X, data }] }))).toEqual(SIGNS);
    for (const data of [[nested], FLAT.map((value) => [value]), [FLAT]])
      expect((await infer({ inputs: [{ ...X, data }] })).status).toBe(400);
  });

  test('optional members that are null, and parameters they know themselves', async () => {
    const parameters = { content_type: 'np', headers: null, binary_data_size: null };
    const tensor = { ...X, parameters, data: FLAT };
    const asked = { name: 'variable', parameters: null };
    for (const rest of [
      { id: null, parameters: null, outputs: null },
      // as KServe's client says it, whatever the path says
      { model_name: 'anything', model_version: null },
      { parameters: { content_type: 'pd' }, outputs: [] },
      { outputs: [asked] },
    ])
      expect(signsOf(await infer({ ...rest, inputs: [tensor] }))).toEqual(SIGNS);
  });

  test('nothing but bytes for a model of one input, with one dimension open', async () => {
    const answer = await post('/v2/models/signs/infer', binaryOf({ data: VALUES }), { [HEADER]: '0' });
    const { json, binary } = splitBody(answer.bytes, answer.headers.get(HEADER) ?? undefined);
    expect(JSON.parse(json!.toString())).toMatchObject({ outputs: [{ name: 'variable', shape: [2, 8] }] });
    expect([...new Float32Array(new Uint8Array(binary!).buffer)]).toEqual(SIGNS);
    const uneven = await post('/v2/models/signs/infer', Buffer.alloc(33), { [HEADER]: '0' });
    expect(uneven.status).toBe(400);
    expect((await post('/v2/models/signs/infer', Buffer.alloc(0), { [HEADER]: '0' })).status).toBe(400);
  });

  test('a slash in a model’s name is another path, and no crash', async () => {
    for (const name of ['team/signs', 'team%2Fsigns', '', '..', '.', '%00', '%ff']) {
      const answer = await post(`/v2/models/${name}/infer`, '{}');
      expect([400, 404]).toContain(answer.status);
      expect(JSON.parse(answer.bytes.toString())).toHaveProperty('error');
    }
  });

  test('the status of each kind of refusal', async () => {
    await serving.place('lost', 'shapes/scaler.onnx', { tenantId: 'bb' });
    const refused = async (path: string, body = '{}') => (await post(path, body)).status;
    expect(await refused('/v2/models/nothing/infer')).toBe(404);
    expect(await refused('/v2/models/lost/infer')).toBe(404);
    expect(await refused('/v2/models/signs/versions/9/infer')).toBe(404);
    expect(await refused('/v2/models/signs/infer')).toBe(400);
    expect(await refused('/v2/repository/models/signs/load', '{"parameters":{"config":"{}"}}')).toBe(501);
    expect((await client.refusal('RepositoryModelLoad', { model_name: 'nothing' })).code).toBe(status.NOT_FOUND);
  });

  test('what perf_analyzer asks for: metadata, configuration and the statistics extension', async () => {
    const get = async (path: string): Promise<unknown> =>
      (await fetch(serving.harness.url + path, { headers: { authorization } })).json();
    expect(await get('/v2')).toMatchObject({
      extensions: expect.arrayContaining(['statistics', 'model_configuration']),
    });
    expect(await get('/v2/models/signs')).toMatchObject({ inputs: [X.name].map((name) => ({ name, shape: [-1, 8] })) });
    expect(await get('/v2/models/signs/config')).toMatchObject({ input: [{ name: 'X', dims: [8] }] });
    expect(await get('/v2/models/signs/stats')).toMatchObject({ model_stats: [{ name: 'signs' }] });
    expect(await client.call('ServerMetadata')).toMatchObject({ extensions: expect.arrayContaining(['statistics']) });
  });

  test('every datatype under its names of the two configurations', async () => {
    const answer = await fetch(`${serving.harness.url}/v2/models/echo/config`, { headers: { authorization } });
    const { input } = (await answer.json()) as { input: { name: string; data_type: string }[] };
    const { config } = (await client.call('ModelConfig', { name: 'echo' })) as {
      config: { input: { name: string; data_type: number }[] };
    };
    expect(config.input.map(({ name }) => name)).toEqual(input.map(({ name }) => name));
    // 0 would be TYPE_INVALID
    expect(config.input.every(({ data_type: type }) => type > 0)).toBe(true);
    expect(new Set(config.input.map(({ data_type: type }) => type)).size).toBe(14);
    for (const { name, data_type: type } of input)
      expect(type).toBe(`TYPE_${name.replace('in_', '').replace('BYTES', 'STRING')}`);
  });
});
