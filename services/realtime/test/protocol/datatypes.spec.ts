import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { binaryOf, splitBody, type Datatype, type TensorData } from '@myriad/inference';
import { GrpcClient, type Message } from '../grpc/grpc-client.js';
import type { GrpcDoor } from '../../src/grpc/grpc-door.js';
import { openGrpc, startServing, type Serving } from '../serving.js';
import { binaryForm, grpcForm, hasContents, jsonForm, jsonValues, type HttpForm, type Sent } from './forms.js';

/** Values at the ends of each type's range; two rows of two. */
const ENDS: Readonly<Record<Datatype, TensorData>> = {
  BOOL: Uint8Array.of(0, 1, 1, 0),
  UINT8: Uint8Array.of(0, 1, 128, 255),
  UINT16: Uint16Array.of(0, 1, 32_768, 65_535),
  UINT32: Uint32Array.of(0, 1, 2 ** 31, 2 ** 32 - 1),
  UINT64: BigUint64Array.of(0n, 1n, 2n ** 53n - 1n, 5n),
  INT8: Int8Array.of(-128, -1, 0, 127),
  INT16: Int16Array.of(-32_768, -1, 0, 32_767),
  INT32: Int32Array.of(-(2 ** 31), -1, 0, 2 ** 31 - 1),
  INT64: BigInt64Array.of(-(2n ** 53n) + 1n, -1n, 0n, 2n ** 53n - 1n),
  FP16: Uint16Array.of(0x8000, 0x0001, 0x7bff, 0xfbff),
  BF16: Uint16Array.of(0x8000, 0x0001, 0x7f7f, 0xff7f),
  FP32: Float32Array.of(-0, 1e-45, 3.4028234663852886e38, 0.1),
  FP64: Float64Array.of(-0, 5e-324, 1.7976931348623157e308, 0.1),
  BYTES: ['', 'ü', '\n"\\', '𝄞'],
};
/** Those that JSON can't say, and bytes can. */
const ONLY_AS_BYTES: Readonly<Partial<Record<Datatype, TensorData>>> = {
  ...ENDS,
  UINT64: BigUint64Array.of(2n ** 64n - 1n, 2n ** 63n, 2n ** 53n + 1n, 0n),
  INT64: BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n, 2n ** 53n + 1n, 0n),
  FP16: Uint16Array.of(0x7c00, 0xfc00, 0x7e00, 0x03ff),
  BF16: Uint16Array.of(0x7f80, 0xff80, 0x7fc0, 0x007f),
  FP32: Float32Array.of(Infinity, -Infinity, NaN, 1),
  FP64: Float64Array.of(Infinity, -Infinity, NaN, 1),
};
const DATATYPES = Object.keys(ENDS) as Datatype[];

const sentOf = (values: Readonly<Partial<Record<Datatype, TensorData>>>): Sent => ({
  inputs: DATATYPES.map((datatype) => ({ name: `in_${datatype}`, datatype, shape: [2, 2], data: values[datatype]! })),
});
const hex = (data: TensorData): string => Buffer.from(binaryOf({ data })).toString('hex');

describe('every datatype comes back bit for bit', () => {
  let serving: Serving;
  let door: GrpcDoor;
  let client: GrpcClient;
  let authorization: string;
  beforeAll(async () => {
    serving = await startServing();
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

  const post = async ({ body, headerLength }: HttpForm): Promise<{ headers: Headers; bytes: Buffer }> => {
    const headers = { authorization, ...(headerLength && { 'inference-header-content-length': headerLength }) };
    const url = `${serving.harness.url}/v2/models/echo/infer`;
    const answer = await fetch(url, { method: 'POST', headers, body: new Uint8Array(body) });
    const bytes = Buffer.from(await answer.arrayBuffer());
    expect([answer.status, answer.status === 200 ? '' : bytes.toString()]).toEqual([200, '']);
    return { headers: answer.headers, bytes };
  };
  const byType = (outputs: readonly { name: string }[], of: (i: number) => string): Record<string, string> =>
    Object.fromEntries(outputs.map(({ name }, i) => [name.replace('out_', ''), of(i)]));
  const expected = (values: Readonly<Partial<Record<Datatype, TensorData>>>, types = DATATYPES) =>
    Object.fromEntries(types.map((datatype) => [datatype, hex(values[datatype]!)]));

  test.each([false, true])('in JSON, nested: %s', async (isNested) => {
    const { bytes } = await post(jsonForm(sentOf(ENDS), { isNested }));
    const { outputs } = JSON.parse(bytes.toString()) as { outputs: { name: string; data: unknown[] }[] };
    const texts = byType(outputs, (i) => JSON.stringify(outputs[i]!.data));
    const wanted = DATATYPES.map((datatype) => {
      const values = jsonValues({ datatype, data: ENDS[datatype] });
      return [datatype, JSON.stringify(JSON.parse(`[${values.join(',')}]`))];
    });
    expect(texts).toEqual(Object.fromEntries(wanted));
    // what JSON.stringify would hide: zero's sign, and integers in full
    expect(bytes.toString()).toContain('"out_FP32","datatype":"FP32","shape":[2,2],"data":[-0.0,');
  });

  test.each([
    ['that JSON has', ENDS],
    ['that only bytes have', ONLY_AS_BYTES],
  ])('as bytes, values %s', async (_name, values) => {
    const { headers, bytes } = await post(binaryForm(sentOf(values)));
    const { json, binary } = splitBody(bytes, headers.get('inference-header-content-length') ?? undefined);
    const { outputs } = JSON.parse(json!.toString()) as {
      outputs: { name: string; parameters: { binary_data_size: number } }[];
    };
    let at = 0;
    const blobs = outputs.map(({ parameters: { binary_data_size: size } }) => binary!.subarray(at, (at += size)));
    expect(byType(outputs, (i) => blobs[i]!.toString('hex'))).toEqual(expected(values));
  });

  test('raw and in typed contents over gRPC', async () => {
    const answer = async (message: Message): Promise<Record<string, string>> => {
      const said = (await client.call('ModelInfer', message)) as {
        outputs: { name: string }[];
        raw_output_contents: Buffer[];
      };
      return byType(said.outputs, (i) => said.raw_output_contents[i]!.toString('hex'));
    };
    for (const values of [ENDS, ONLY_AS_BYTES])
      expect(await answer(grpcForm(sentOf(values), 'echo', 'raw'))).toEqual(expected(values));
    // contents and raw contents must not mix, so those types that have no contents are another request's
    const refusal = await client.refusal('ModelInfer', {
      ...grpcForm({ inputs: [] }, 'echo', 'contents'),
      inputs: [{ name: 'in_BF16', datatype: 'BF16', shape: [2, 2], contents: { fp32_contents: [1, 2, 3, 4] } }],
    });
    expect(refusal.details).toContain('send it raw');
  });

  test('but a string with U+0000, which the runtime would cut, is refused', async () => {
    const sent = sentOf({ ...ENDS, BYTES: ['a', 'b\0c', '', ''] });
    const refusal = await client.refusal('ModelInfer', grpcForm(sent, 'echo', 'raw'));
    expect(refusal.details).toContain("input 'in_BYTES', value 1 holds the character U+0000");
  });

  test('typed contents, of each type that has them', async () => {
    await serving.place('typed', 'typed.onnx');
    const all = sentOf(ONLY_AS_BYTES);
    const sent = { inputs: all.inputs.filter(({ datatype }) => hasContents(datatype)) };
    const said = (await client.call('ModelInfer', grpcForm(sent, 'typed', 'contents'))) as {
      outputs: { name: string }[];
      raw_output_contents: Buffer[];
    };
    expect(byType(said.outputs, (i) => said.raw_output_contents[i]!.toString('hex'))).toEqual(
      expected(ONLY_AS_BYTES, DATATYPES.filter(hasContents)),
    );
  });
});
