import { beforeEach, describe, expect, it, test } from '@jest/globals';
import type { TensorMap } from '@myriad/inference';
import { digestOf, tenantId } from '@myriad/kernel';
import { DigestSet } from '../../src/application/digest-set.js';
import { LoadOnnxModel } from '../../src/application/load-onnx-model.js';
import type { InlineModel } from '../../src/application/model-loader.port.js';
import { fixture, placementOf, splitInto, StoreOfTest, type PlacementData } from '../support.js';

const ONE = fixture('shapes/lr_binary.onnx');
/** The same shape with other numbers. */
const OTHER = fixture('shapes/lr_binary_other_tenant.onnx');
const MAX_BYTES = 50_000_000;

const features: TensorMap = {
  X: { datatype: 'FP32', shape: [1, 32], data: Float32Array.from({ length: 32 }, (_, i) => Math.sin(i)) },
};
const probabilityOf = (model: InlineModel): number => Number(model.runSync(features)['probabilities']?.data[1]);

describe('loading a version', () => {
  let store: StoreOfTest;
  let loader: LoadOnnxModel;
  beforeEach(() => {
    store = new StoreOfTest();
    loader = new LoadOnnxModel(store, MAX_BYTES);
  });

  /** A placement whose parts (and file) are among the tenant's objects. */
  const place = (tenant: string, bytes: Buffer, more: Partial<PlacementData> = {}) => {
    const serving = splitInto((part) => store.put(tenant, part), bytes);
    store.put(tenant, bytes);
    return placementOf({ tenantId: tenant, serving, ...more }, bytes);
  };
  const recorded = (probability: number): Buffer =>
    Buffer.from(
      JSON.stringify({
        inputs: [{ name: 'X', datatype: 'FP32', shape: [1, 32], data: [...features['X']!.data] }],
        outputs: [{ name: 'probabilities', datatype: 'FP32', shape: [1, 2], data: [1 - probability, probability] }],
      }),
    );

  it('reads a skeleton once for all tenants, and never takes one’s weights for another’s', async () => {
    const [one, other] = [await loader.load(place('aa', ONE)), await loader.load(place('bb', OTHER))];
    expect(loader.state.skeletons).toBe(1);
    expect(store.reads).toBe(3); // skeleton, weights; weights
    const whole = new LoadOnnxModel(store, MAX_BYTES);
    const [wholeOne, wholeOther] = [
      await whole.load(place('aa', ONE, { serving: null })),
      await whole.load(place('bb', OTHER, { serving: null })),
    ];
    expect(probabilityOf(one)).toBeCloseTo(probabilityOf(wholeOne), 5);
    expect(probabilityOf(other)).toBeCloseTo(probabilityOf(wholeOther), 5);
    expect(Math.abs(probabilityOf(one) - probabilityOf(other))).toBeGreaterThan(1e-3);
    one.dispose();
    const third = await loader.load(place('cc', OTHER));
    expect([probabilityOf(third), probabilityOf(other)]).toEqual([probabilityOf(other), probabilityOf(other)]);
    expect(() => one.runSync(features)).toThrow(RangeError);
  });

  it('reads a skeleton once where many models of a tenant come at the same time', async () => {
    const placements = Array.from({ length: 20 }, () => place('aa', ONE));
    await Promise.all(placements.map((placement) => loader.load(placement)));
    expect(store.reads).toBe(21);
  });

  it('counts what the host takes for it, a few hundred bytes, and refuses what admission measured to be too large', async () => {
    const placement = place('aa', ONE);
    expect((await loader.load(placement)).memoryBytes).toBeLessThan(400);
    const tooLarge = { ...placement, serving: { ...placement.serving!, memoryBytes: MAX_BYTES + 1 } };
    await expect(loader.load(tooLarge)).rejects.toThrow('are there for all models');
  });

  test.each(['skeleton', 'weights'] as const)('says which part is not there: %s', async (part) => {
    const placement = place('aa', ONE);
    const digest = placement.serving!.split![`${part}Digest`];
    store.objects.delete(`aa/${digest}`);
    await expect(loader.load(placement)).rejects.toThrow(`its ${part} can't be read: no object ${digest}`);
    store.put('aa', splitPart(part));
    expect(probabilityOf(await loader.load(placement))).toBeGreaterThan(0);
  });
  const splitPart = (part: 'skeleton' | 'weights'): Buffer => {
    const parts: Buffer[] = [];
    splitInto((bytes) => (parts.push(bytes), digestOf(bytes)), ONE);
    return parts[part === 'skeleton' ? 0 : 1]!;
  };

  it('does not let a tenant’s load fail by what another tenant lacks', async () => {
    const [lacking, whole] = [place('aa', ONE), place('bb', OTHER)];
    store.objects.delete(`aa/${lacking.serving!.split!.skeletonDigest}`);
    const [first, second] = await Promise.allSettled([loader.load(lacking), loader.load(whole)]);
    expect([first.status, second.status]).toEqual(['rejected', 'fulfilled']);
  });

  it('refuses weights that are not for the skeleton, or lie about themselves', async () => {
    const placement = place('aa', ONE);
    const { split } = splitServing(fixture('shapes/mlp.onnx'));
    const mixed = { ...placement.serving!.split!, weightsDigest: split!.weightsDigest };
    await expect(loader.load({ ...placement, serving: { ...placement.serving!, split: mixed } })).rejects.toThrow(
      /tensors; the skeleton has/,
    );
  });
  const splitServing = (bytes: Buffer) => splitInto((part) => store.put('aa', part), bytes);

  it('runs recorded rows before a version answers, and once', async () => {
    const right = probabilityOf(await loader.load(place('aa', ONE)));
    const good = place('aa', ONE, { parityDigest: store.put('aa', recorded(right)) });
    const bad = place('aa', ONE, { parityDigest: store.put('aa', recorded(right + 0.01)) });
    const reads = store.reads;
    (await loader.load(good)).dispose();
    expect(store.reads).toBe(reads + 2);
    (await loader.load(good)).dispose();
    expect(store.reads).toBe(reads + 3);
    await expect(loader.load(bad)).rejects.toThrow("not what the trainer recorded: output 'probabilities'");
    await expect(loader.load(bad)).rejects.toThrow('not what the trainer recorded');
  });

  it('serves a version whole that was admitted before ways to serve were tried', async () => {
    store.put('aa', ONE);
    const model = await loader.load(placementOf({}, ONE));
    expect(loader.state.skeletons).toBe(0);
    expect(model.memoryBytes).toBeGreaterThan(100_000);
    expect(probabilityOf(model)).toBeGreaterThan(0);
  });
});

describe('a set of digests', () => {
  it('has what was added and nothing else, through many growths', () => {
    const set = new DigestSet();
    const digests = Array.from({ length: 5_000 }, (_, i) => digestOf(`${i}`));
    const parity = digestOf(tenantId('aa'));
    for (const digest of digests) set.add(digest, parity);
    for (const digest of digests) set.add(digest, parity);
    expect(set.size).toBe(5_000);
    expect(digests.every((digest) => set.has(digest, parity))).toBe(true);
    expect(digests.some((digest) => set.has(digest, digestOf('another')))).toBe(false);
    expect(set.has(digestOf('not there'), parity)).toBe(false);
  });
});
