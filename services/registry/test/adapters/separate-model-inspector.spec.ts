import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { digestOf } from '@myriad/kernel';
import { type TempFolder, tempFolder } from '@myriad/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OnnxModelInspector } from '../../src/adapters/onnx/onnx-model-inspector.js';
import { SeparateModelInspector } from '../../src/adapters/onnx/separate-model-inspector.js';
import { exploding, onnxFile } from '../onnx-file.js';

const here = import.meta.dirname;
const logistic = readFileSync(`${here}/../../../../libs/inference/test/fixtures/logistic.onnx`);
const MIB = 1_048_576;
/** The TypeScript of the program, run as Jest runs it. */
const program = [
  '--conditions=development',
  '--import',
  pathToFileURL(join(here, '../../../../libs/messaging/test/typescript-loader.mjs')).href,
  join(here, '../../src/adapters/onnx/inspect-models.ts'),
];

describe('SeparateModelInspector', () => {
  let folder: TempFolder;
  let inspector: SeparateModelInspector;
  beforeAll(async () => {
    folder = await tempFolder();
    inspector = new SeparateModelInspector({ program, memoryBytes: 512 * MIB, timeoutMs: 20_000 });
  });
  afterAll(async () => {
    inspector.close();
    await folder.remove();
  });

  const inspect = async (bytes: Uint8Array, by: SeparateModelInspector | OnnxModelInspector = inspector) => {
    const path = join(folder.path, 'model.onnx');
    await writeFile(path, bytes);
    return by.inspect({ path, digest: digestOf(bytes) }, undefined);
  };
  const codesOf = async (bytes: Uint8Array, by = inspector) =>
    (await inspect(bytes, by)).report.reasons.map(({ code }) => code);

  it('finds the same as in this process', async () => {
    const [there, here] = [await inspect(logistic), await inspect(logistic, new OnnxModelInspector())];
    const withoutTimes = ({ report, isRefused, parts }: typeof there): object => ({
      ...report,
      isRefused,
      parts: [parts?.skeleton, parts?.weights].map((part) => part && digestOf(part)),
      serving: { way: report.serving?.way, split: report.serving?.split, memoryBytes: report.serving?.memoryBytes },
      profile: { ...report.profile, latencyMicrosP50: 0 },
    });
    expect(there.isRefused).toBe(false);
    expect(withoutTimes(there)).toEqual(withoutTimes(here));
    expect(await codesOf(onnxFile('RandomNormalLike'))).toEqual(['registry.operator_not_allowed']);
  });

  it('measures the memory of what is served whole', async () => {
    const svm = readFileSync(`${here}/../../../../libs/inference/test/fixtures/shapes/svm.onnx`);
    const { serving } = (await inspect(svm)).report;
    const estimate = (await inspect(svm, new OnnxModelInspector())).report.serving?.memoryBytes;
    expect(serving?.way).toBe('whole');
    expect(serving?.memoryBytes).toBeGreaterThan(20_000);
    expect(serving?.memoryBytes).toBeLessThan(500_000);
    expect(serving?.memoryBytes).not.toBe(estimate);
  });

  it('refuses a small file that wants 16 GB, and goes on with the next', async () => {
    expect(await codesOf(exploding({ size: 1_000 }))).toEqual([]);
    const bomb = exploding({ size: 64_000 });
    expect(bomb.length).toBeLessThan(300);
    const residentBytes = process.memoryUsage().rss;
    expect(await codesOf(bomb)).toEqual(['inference.run_failed']);
    expect(process.memoryUsage().rss - residentBytes).toBeLessThan(256 * MIB);
    expect(await codesOf(logistic)).toEqual([]);
  });

  it('refuses a file that runs for hours when its time is over, and goes on with the next', async () => {
    const brief = new SeparateModelInspector({ program, timeoutMs: 3_000 });
    try {
      const fromMs = performance.now();
      expect(await codesOf(exploding({ size: 4_000, products: 2_000 }), brief)).toEqual(['registry.model_too_slow']);
      expect(performance.now() - fromMs).toBeLessThan(10_000);
    } finally {
      brief.close();
    }
  });

  it('refuses a file that is larger than the memory for it, or brings the process down', async () => {
    const small = new SeparateModelInspector({ program, memoryBytes: 64 * MIB });
    const frail = new SeparateModelInspector({ program: ['-e', "process.on('message', () => process.exit(3))"] });
    try {
      expect(await codesOf(Buffer.alloc(400 * MIB), small)).toEqual(['registry.model_needs_memory']);
      expect(await codesOf(logistic, small)).toEqual([]);
      expect(await codesOf(logistic, frail)).toEqual(['registry.model_breaks_runtime']);
    } finally {
      small.close();
      frail.close();
    }
  });

  it('does not blame the file when the other process is killed, or the bytes are not those of the digest', async () => {
    const other = new SeparateModelInspector({ program });
    const killed = inspect(exploding({ size: 4_000, products: 2_000 }), other);
    setTimeout(() => {
      other.close();
    }, 500);
    await expect(killed).rejects.toThrow('was killed');
    const path = join(folder.path, 'damaged.onnx');
    await writeFile(path, logistic.subarray(1));
    await expect(inspector.inspect({ path, digest: digestOf(logistic) }, undefined)).rejects.toThrow('its digest');
  });
});
