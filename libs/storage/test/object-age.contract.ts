import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TenantId } from '@myriad/kernel';
import { eventually } from '@myriad/testing';
import type { ObjectStore, StoredObject } from '../src/index.js';
import { newTenants, sample, streamOf, type StoreFixture } from './store-fixture.js';

const MIB = 1024 * 1024;

/** What every object store promises of when objects were stored, for whoever removes those that nobody names. */
export function objectAgeContract(openFixture: () => Promise<StoreFixture>): void {
  let fixture: StoreFixture;
  let store: ObjectStore;

  beforeAll(async () => {
    fixture = await openFixture();
    store = fixture.store;
  });
  afterAll(() => fixture.close());

  const agesOf = async (tenant: TenantId): Promise<StoredObject[]> => {
    const all: StoredObject[] = [];
    for await (const object of store.list(tenant)) all.push(object);
    return all;
  };

  test('is told, and an object is removed only when it was not stored since', async () => {
    const [tenant, other] = newTenants();
    const { bytes, digest } = sample();
    for (const each of [tenant, other]) await store.put(each, bytes);
    const [found] = await agesOf(tenant);
    expect(found).toEqual({ digest, sizeBytes: bytes.length, modifiedMs: expect.any(Number) });
    expect(Math.abs(Date.now() - found!.modifiedMs)).toBeLessThan(60_000);
    expect(await store.deleteUnchanged(tenant, { ...found!, modifiedMs: found!.modifiedMs - 1_000 })).toBe(false);
    expect((await store.getBytes(tenant, digest)).equals(bytes)).toBe(true);
    expect(await store.deleteUnchanged(tenant, found!)).toBe(true);
    expect(await store.head(tenant, digest)).toBeUndefined();
    expect(await store.deleteUnchanged(tenant, found!)).toBe(true);
    expect((await store.getBytes(other, digest)).equals(bytes)).toBe(true);
  });

  test.each([
    ['small ones', 1_000, false],
    ['large ones of a known digest', 9 * MIB, true],
    ['large ones of an unknown digest', 9 * MIB, false],
  ])('begins anew when equal bytes are stored: %s', async (_name, sizeBytes, isAnnounced) => {
    const [tenant] = newTenants();
    const { bytes, digest } = sample(sizeBytes);
    const putAgain = () => store.put(tenant, streamOf(bytes), isAnnounced ? { expectedDigest: digest } : {});
    await putAgain();
    const [first] = await agesOf(tenant);
    await eventually(
      async () => {
        await putAgain();
        expect((await agesOf(tenant))[0]!.modifiedMs).toBeGreaterThan(first!.modifiedMs);
      },
      { timeoutMs: 30_000, intervalMs: 500 },
    );
    expect(await store.deleteUnchanged(tenant, first!)).toBe(false);
    expect((await store.getBytes(tenant, digest)).equals(bytes)).toBe(true);
    expect(await fixture.leftovers()).toEqual([]);
  });

  test('tenants that have objects are told', async () => {
    const [tenant, other] = newTenants();
    for (const each of [tenant, other]) await store.put(each, sample().bytes);
    const told: TenantId[] = [];
    for await (const each of store.tenants()) told.push(each);
    expect(told).toEqual(expect.arrayContaining([tenant, other]));
    expect(new Set(told).size).toBe(told.length);
  });
}
