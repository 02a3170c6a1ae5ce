import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { ModelThread, OnnxRuntimeModel, ThreadLost, type TensorMap } from '../../src/index.js';
import { program } from './thread-program.js';

const fixture = (name: string): Buffer => readFileSync(`${import.meta.dirname}/../fixtures/${name}`);
const settings = { intraOpThreads: 1, niceness: 0, program };

describe('ModelThread', () => {
  let thread: ModelThread;
  let here: OnnxRuntimeModel;
  let input: string;
  let width: number;
  beforeAll(async () => {
    thread = new ModelThread(settings);
    const file = fixture('shapes/mlp.onnx');
    here = await OnnxRuntimeModel.load(file);
    input = here.signature.inputs[0]?.name ?? '';
    width = here.signature.inputs[0]?.shape[1] ?? 0;
    const { signature, residentBytes, parity } = await thread.load(1, { file });
    expect(signature).toEqual(here.signature);
    expect(residentBytes).toBeGreaterThanOrEqual(0);
    expect(parity).toBeUndefined();
  });
  afterAll(async () => {
    await thread.close();
    here.dispose();
  });

  const rows = (count: number, seed: number): TensorMap => ({
    [input]: {
      datatype: 'FP32',
      shape: [count, width],
      data: Float32Array.from({ length: count * width }, (_none, at) => Math.sin(seed * 31 + at)),
    },
  });

  test('requests that run together get bit for bit what they get alone', async () => {
    const counts = [1, 3, 2];
    const alone = counts.map((count, at) => here.runSync(rows(count, at)));
    const { results, micros } = await thread.run(
      1,
      counts.map((count, at) => ({ inputs: rows(count, at), rows: count })),
    );
    expect(results).toEqual(alone.map((outputs) => ({ ...outputs })));
    expect(micros).toBeGreaterThan(0);
  });

  test('moves memory that a tensor owns, and copies a view of what others hold', async () => {
    const owned = new Float32Array(width);
    const larger = new Float32Array(2 * width);
    const of = (data: Float32Array): TensorMap => ({ [input]: { datatype: 'FP32', shape: [1, width], data } });
    await thread.run(1, [{ inputs: of(owned), rows: 1 }]);
    await thread.run(1, [{ inputs: of(larger.subarray(width)), rows: 1 }]);
    expect(owned.length).toBe(0);
    expect(larger.length).toBe(2 * width);
  });

  test('a request whose values can not be run spoils nothing for the others', async () => {
    const wrong: TensorMap = {
      [input]: { datatype: 'FP32', shape: [1, width + 1], data: new Float32Array(width + 1) },
    };
    const { results } = await thread.run(1, [
      { inputs: rows(1, 0), rows: 1 },
      { inputs: wrong, rows: 1 },
    ]);
    expect(results[0]).toEqual({ ...here.runSync(rows(1, 0)) });
    expect(results[1]).toMatchObject({ code: 'inference.run_failed' });
  });

  test('compares with what the trainer recorded, and refuses what is no model', async () => {
    const { parity } = await thread.load(2, { file: fixture('forest.onnx'), parity: fixture('forest.parity.json') });
    expect(parity?.isEqual).toBe(true);
    await expect(thread.load(3, { file: Buffer.from('nothing') })).rejects.toMatchObject({
      code: 'inference.onnx_unrunnable',
    });
    thread.unload(2);
    await expect(thread.run(2, [{ inputs: rows(1, 0), rows: 1 }])).rejects.toThrow('no model has number 2');
  });

  test('says that the thread is lost, to who waits and to who comes after', async () => {
    let reason: Error | undefined;
    const frail = new ModelThread({ ...settings, onLost: (error) => (reason = error) });
    await frail.load(1, { file: fixture('shapes/mlp.onnx') });
    // takes long enough to be under way when the thread ends
    const waiting = frail.run(1, [{ inputs: rows(200_000, 0), rows: 200_000 }]);
    await Promise.all([expect(waiting).rejects.toBeInstanceOf(ThreadLost), frail.kill()]);
    await expect(frail.run(1, [{ inputs: rows(1, 0), rows: 1 }])).rejects.toBeInstanceOf(ThreadLost);
    expect(reason).toBeInstanceOf(Error);
  });
});
