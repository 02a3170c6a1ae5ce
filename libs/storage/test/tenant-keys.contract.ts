import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TenantKeys } from '../src/index.js';
import { expectRefusal, newTenants } from './store-fixture.js';

/** One adapter under the contract. */
export interface KeysFixture {
  readonly keys: TenantKeys;
  /** The same keys as another process would open them. */
  open(): Promise<TenantKeys>;
  close(): Promise<void>;
}

/** What every key service promises. */
export function tenantKeysContract(openFixture: () => Promise<KeysFixture>): void {
  let fixture: KeysFixture;
  let keys: TenantKeys;
  beforeAll(async () => {
    fixture = await openFixture();
    keys = fixture.keys;
  });
  afterAll(() => fixture.close());

  test('a data key is 32 random bytes, and comes back from what is stored of it, here and elsewhere', async () => {
    const [tenant] = newTenants();
    expect(await keys.status(tenant)).toEqual({ state: 'none', version: 0 });
    const [one, other] = [await keys.newDataKey(tenant), await keys.newDataKey(tenant)];
    expect(one.plain).toHaveLength(32);
    expect(one.plain.equals(other.plain)).toBe(false);
    expect(one.wrapped.version).toBe(1);
    expect(one.wrapped.bytes.length).toBeLessThanOrEqual(464);
    expect(one.wrapped.bytes.includes(one.plain)).toBe(false);
    expect((await keys.unwrap(tenant, one.wrapped)).equals(one.plain)).toBe(true);
    expect((await (await fixture.open()).unwrap(tenant, other.wrapped)).equals(other.plain)).toBe(true);
    expect(await keys.status(tenant)).toEqual({ state: 'active', version: 1 });
  });

  test('a wrapped key is of no use to another tenant, nor when a bit of it changed', async () => {
    const [tenant, other] = newTenants();
    const { wrapped } = await keys.newDataKey(tenant);
    await keys.newDataKey(other);
    await expectRefusal(keys.unwrap(other, wrapped), 'storage.key_invalid');
    const bytes = Buffer.from(wrapped.bytes);
    bytes[bytes.length - 1]! ^= 1;
    await expectRefusal(keys.unwrap(tenant, { ...wrapped, bytes }), 'storage.key_invalid');
  });

  test('after a rotation new data keys have the new version, old ones still unwrap and can be wrapped anew', async () => {
    const [tenant, other] = newTenants();
    const old = await keys.newDataKey(tenant);
    await keys.newDataKey(other);
    expect(await keys.rotate(tenant)).toEqual({ state: 'active', version: 2 });
    expect(await keys.status(tenant)).toEqual({ state: 'active', version: 2 });
    expect((await keys.newDataKey(tenant)).wrapped.version).toBe(2);
    expect((await keys.unwrap(tenant, old.wrapped)).equals(old.plain)).toBe(true);
    const anew = await keys.rewrap(tenant, old.wrapped);
    expect(anew.version).toBe(2);
    expect(anew.bytes.equals(old.wrapped.bytes)).toBe(false);
    expect((await keys.unwrap(tenant, anew)).equals(old.plain)).toBe(true);
    expect(await keys.status(other)).toEqual({ state: 'active', version: 1 });
  });

  test('processes that ask for the first key at once get data keys of one tenant key', async () => {
    const [tenant] = newTenants();
    const all = [keys, await fixture.open(), await fixture.open()];
    const made = await Promise.all(Array.from({ length: 9 }, (_, i) => all[i % 3]!.newDataKey(tenant)));
    for (const { plain, wrapped } of made) expect((await keys.unwrap(tenant, wrapped)).equals(plain)).toBe(true);
    expect(await keys.status(tenant)).toEqual({ state: 'active', version: 1 });
  });

  test('a destroyed key opens nothing and is never made again; another tenant notices nothing', async () => {
    const [tenant, other] = newTenants();
    const [mine, theirs] = [await keys.newDataKey(tenant), await keys.newDataKey(other)];
    await keys.rotate(tenant);
    const destruction = await keys.destroy(tenant);
    expect(destruction.versions).toBe(2);
    expect(Date.parse(destruction.finalAt)).toBeGreaterThanOrEqual(Date.parse(destruction.destroyedAt));
    expect(await keys.destroy(tenant)).toEqual(destruction);
    for (const each of [keys, await fixture.open()]) {
      await expectRefusal(each.unwrap(tenant, mine.wrapped), 'storage.key_destroyed');
      await expectRefusal(each.newDataKey(tenant), 'storage.key_destroyed');
      await expectRefusal(each.rewrap(tenant, mine.wrapped), 'storage.key_destroyed');
      await expectRefusal(each.rotate(tenant), 'storage.key_destroyed');
      expect(await each.status(tenant)).toEqual({ state: 'destroyed', version: 2 });
    }
    expect((await keys.unwrap(other, theirs.wrapped)).equals(theirs.plain)).toBe(true);
  });

  test('a tenant that never had a key can be forbidden one', async () => {
    const [tenant] = newTenants();
    expect((await keys.destroy(tenant)).versions).toBe(0);
    await expectRefusal(keys.newDataKey(tenant), 'storage.key_destroyed');
  });

  test('ping succeeds', async () => {
    await keys.ping();
  });
}
