import { request } from 'node:http';
import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { binaryOf, splitBody } from '@myriad/inference';
import { startServing, type Serving } from '../serving.js';

const HEADER = 'inference-header-content-length';
const ROW = Array.from({ length: 16 }, (_, i) => i);

interface Raw {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Buffer;
}

/** By Node's own client, which sends no header that it is not told. */
function post(url: string, headers: Record<string, string>, body: Buffer | Buffer[]): Promise<Raw> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
      });
    });
    sent.on('error', reject);
    for (const part of Array.isArray(body) ? body : []) sent.write(part);
    sent.end(Array.isArray(body) ? undefined : body);
  });
}

const ints = (values: readonly number[]): Buffer => Buffer.from(binaryOf({ data: Int32Array.from(values) }));
const input = (name: string, rows: number, size = 64 * rows): object => ({
  name,
  datatype: 'INT32',
  shape: [rows, 16],
  parameters: { binary_data_size: size },
});

/** As tritonclient sends it. */
function body(
  rows: number,
  more: object = { parameters: { binary_data_output: true } },
): { bytes: Buffer; header: string } {
  const values = ints(Array.from({ length: rows }, () => ROW).flat());
  const json = Buffer.from(JSON.stringify({ inputs: [input('INPUT0', rows), input('INPUT1', rows)], ...more }));
  return { bytes: Buffer.concat([json, values, values]), header: String(json.length) };
}

describe('the binary tensor extension', () => {
  let serving: Serving;
  let authorization: string;
  beforeAll(async () => {
    serving = await startServing();
    await serving.place('simple', 'simple.onnx');
    await serving.place('simple_string', 'simple_string.onnx');
    authorization = `Bearer ${await serving.harness.token('aa', { perms: ['predictions:invoke'] })}`;
  }, 60_000);
  afterAll(() => serving.close());

  const send = (bytes: Buffer | Buffer[], headers: Record<string, string> = {}, model = 'simple') =>
    post(`${serving.harness.url}/v2/models/${model}/infer`, { authorization, ...headers }, bytes);
  const problemOf = (raw: Raw) => JSON.parse(raw.body.toString()) as { code: string; detail: string; error: string };

  test('answers bytes with bytes, without a media type', async () => {
    const { bytes, header } = body(2);
    const answer = await send(bytes, { [HEADER]: header });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/octet-stream');
    const { json, binary } = splitBody(answer.body, String(answer.headers[HEADER]));
    expect(JSON.parse(json!.toString())).toMatchObject({
      model_name: 'simple',
      outputs: [
        { name: 'OUTPUT0', datatype: 'INT32', shape: [2, 16], parameters: { binary_data_size: 128 } },
        { name: 'OUTPUT1', datatype: 'INT32', shape: [2, 16], parameters: { binary_data_size: 128 } },
      ],
    });
    const sums = ROW.map((value) => 2 * value);
    expect(Buffer.compare(binary!, Buffer.concat([ints([...sums, ...sums]), ints(Array<number>(32).fill(0))]))).toBe(0);
  });

  test('answers bytes with JSON where that is asked, and JSON with bytes', async () => {
    const { bytes, header } = body(1, { outputs: [{ name: 'OUTPUT0' }] });
    const asJson = await send(bytes, { [HEADER]: header });
    expect(asJson.headers['content-type']).toContain('application/json');
    expect(asJson.headers[HEADER]).toBeUndefined();
    expect(JSON.parse(asJson.body.toString())).toMatchObject({ outputs: [{ data: ROW.map((value) => 2 * value) }] });
    const data = { datatype: 'INT32', shape: [1, 16], data: ROW };
    const json = {
      inputs: [
        { name: 'INPUT0', ...data },
        { name: 'INPUT1', ...data },
      ],
    };
    const wish = { outputs: [{ name: 'OUTPUT1', parameters: { binary_data: true } }] };
    const asBytes = await send(Buffer.from(JSON.stringify({ ...json, ...wish })));
    const { binary } = splitBody(asBytes.body, String(asBytes.headers[HEADER]));
    expect(binary!.equals(Buffer.alloc(64))).toBe(true);
  });

  test('takes strings, and a body in pieces', async () => {
    const strings = Buffer.from(binaryOf({ data: ROW.map(String) }));
    const inputs = ['INPUT0', 'INPUT1'].map((name) => ({
      name,
      datatype: 'BYTES',
      shape: [1, 16],
      parameters: { binary_data_size: strings.length },
    }));
    const json = Buffer.from(JSON.stringify({ inputs }));
    const answer = await send([json, strings, strings], { [HEADER]: String(json.length) }, 'simple_string');
    expect(JSON.parse(answer.body.toString())).toMatchObject({
      outputs: [{ data: ROW.map((value) => String(2 * value)) }, { data: Array<string>(16).fill('0') }],
    });
  });

  test.each([
    ['gzip', gzipSync, gunzipSync],
    ['deflate', deflateSync, inflateSync],
  ])('takes and gives bodies in %s', async (encoding, encode, decode) => {
    const { bytes, header } = body(64);
    const headers = { [HEADER]: header, 'content-encoding': encoding, 'accept-encoding': encoding };
    const answer = await send(encode(bytes), headers);
    expect(answer.headers['content-encoding']).toBe(encoding);
    const { binary } = splitBody(decode(answer.body), String(answer.headers[HEADER]));
    expect(binary).toHaveLength(2 * 64 * 64);
    const small = body(1);
    const plain = await send(encode(small.bytes), { ...headers, [HEADER]: small.header });
    expect([plain.status, plain.headers['content-encoding']]).toEqual([200, undefined]);
  });

  test('refuses a bomb, what does not unfold, and encodings it does not know', async () => {
    const bomb = gzipSync(Buffer.alloc(200 * 1_048_576));
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 5; i += 1)
      expect((await send(bomb, { [HEADER]: '2', 'content-encoding': 'gzip' })).status).toBe(413);
    expect(process.memoryUsage().rss - before).toBeLessThan(128 * 1_048_576);
    const broken = await send(Buffer.from('no gzip'), { 'content-encoding': 'gzip' });
    expect([broken.status, problemOf(broken).code]).toEqual([400, 'http.malformed_request']);
    const unknown = await send(Buffer.from('{}'), { 'content-encoding': 'br' });
    expect([unknown.status, problemOf(unknown).code]).toEqual([415, 'http.unsupported_media_type']);
  });

  test('refuses what lies, and says so where clients of the protocol look', async () => {
    const { bytes } = body(1);
    for (const header of ['-1', 'x', String(bytes.length + 1)]) {
      const answer = await send(bytes, { [HEADER]: header });
      const problem = problemOf(answer);
      expect([answer.status, problem.code]).toEqual([400, 'inference.binary_invalid']);
      expect(problem.error).toBe(problem.detail);
    }
    const nested = Buffer.from(`{"inputs":${'['.repeat(5_000)}`);
    const deep = await send(nested, { [HEADER]: String(nested.length) });
    expect([deep.status, problemOf(deep).code]).toEqual([400, 'http.json_too_deep']);
    const gigabyte = Buffer.from(JSON.stringify({ inputs: [input('INPUT0', 1, 2 ** 30), input('INPUT1', 1)] }));
    const claimed = await send(gigabyte, { [HEADER]: String(gigabyte.length) });
    expect([claimed.status, problemOf(claimed).code]).toEqual([400, 'inference.binary_invalid']);
  });

  test('needs JSON where a model has two inputs', async () => {
    const answer = await send(ints(ROW), { [HEADER]: '0' });
    expect([answer.status, problemOf(answer).code]).toEqual([400, 'inference.binary_invalid']);
  });
});
