import { describe, expect, test } from '@jest/globals';
import { FakeClock, type TenantId } from '@myriad/kernel';
import { CachingTenantKeys, type DataKey, type TenantKeys, type WrappedKey } from '../src/index.js';
import { newTenants } from './store-fixture.js';

/** Counts what a key service is asked for; every key wraps to itself. */
class CountedKeys implements TenantKeys {
  readonly asked: string[] = [];
  fails = false;

  newDataKey(tenantId: TenantId): Promise<DataKey> {
    this.asked.push(`new ${tenantId}`);
    const plain = Buffer.alloc(32, this.asked.length);
    return Promise.resolve({ plain, wrapped: { bytes: plain, version: 1 } });
  }
  unwrap(tenantId: TenantId, { bytes }: WrappedKey): Promise<Buffer> {
    this.asked.push(`unwrap ${tenantId}`);
    return this.fails ? Promise.reject(new Error('away')) : Promise.resolve(bytes);
  }
  rewrap = (_tenantId: TenantId, wrapped: WrappedKey): Promise<WrappedKey> => Promise.resolve(wrapped);
  status = (): ReturnType<TenantKeys['status']> => Promise.resolve({ state: 'active', version: 1 });
  rotate = (): ReturnType<TenantKeys['rotate']> => Promise.resolve({ state: 'active', version: 2 });
  destroy = (): ReturnType<TenantKeys['destroy']> =>
    Promise.resolve({ versions: 1, destroyedAt: '2026-01-01T00:00:00Z', finalAt: '2026-01-01T00:00:00Z' });
  ping = (): Promise<void> => Promise.resolve();
}

const wrapped = (fill: number): WrappedKey => ({ bytes: Buffer.alloc(40, fill), version: 1 });

describe('CachingTenantKeys', () => {
  const [tenant, other] = newTenants();
  const clock = new FakeClock();
  const open = (options = {}): { keys: CachingTenantKeys; service: CountedKeys } => {
    const service = new CountedKeys();
    return { service, keys: new CachingTenantKeys(service, { clock, ...options }) };
  };

  test('asks once for a wrapped key, also when many want it at the same time, until it is too old', async () => {
    const { keys, service } = open({ maxAgeMs: 1000 });
    await Promise.all(Array.from({ length: 5 }, () => keys.unwrap(tenant, wrapped(1))));
    await keys.unwrap(tenant, wrapped(1));
    expect(service.asked).toEqual([`unwrap ${tenant}`]);
    clock.advance(1000);
    await keys.unwrap(tenant, wrapped(1));
    expect(service.asked).toHaveLength(2);
  });

  test('keeps tenants apart, even where their wrapped keys are equal', async () => {
    const { keys, service } = open();
    await keys.unwrap(tenant, wrapped(1));
    await keys.unwrap(other, wrapped(1));
    expect(service.asked).toEqual([`unwrap ${tenant}`, `unwrap ${other}`]);
  });

  test('keeps no failure', async () => {
    const { keys, service } = open();
    service.fails = true;
    await expect(keys.unwrap(tenant, wrapped(1))).rejects.toThrow('away');
    service.fails = false;
    expect(await keys.unwrap(tenant, wrapped(1))).toHaveLength(40);
  });

  test('holds no more than it may, and lets the oldest go', async () => {
    const { keys, service } = open({ maxKeys: 3 });
    for (const fill of [1, 2, 3, 4]) await keys.unwrap(tenant, wrapped(fill));
    for (const fill of [4, 3, 2]) await keys.unwrap(tenant, wrapped(fill));
    expect(service.asked).toHaveLength(4);
    await keys.unwrap(tenant, wrapped(1));
    expect(service.asked).toHaveLength(5);
  });

  test('gives out one data key of a tenant for a number of objects and a while', async () => {
    const { keys, service } = open({ maxUses: 3, maxAgeMs: 1000 });
    const given = [];
    for (let i = 0; i < 4; i++) given.push((await keys.newDataKey(tenant)).plain.toString('hex'));
    expect(new Set(given.slice(0, 3)).size).toBe(1);
    expect(new Set(given).size).toBe(2);
    await keys.newDataKey(other);
    clock.advance(1000);
    await keys.newDataKey(tenant);
    expect(service.asked).toEqual([`new ${tenant}`, `new ${tenant}`, `new ${other}`, `new ${tenant}`]);
  });

  test('asks anew for data keys after a rotation, and for everything after a destruction', async () => {
    const { keys, service } = open();
    await keys.newDataKey(tenant);
    await keys.unwrap(tenant, wrapped(1));
    await keys.unwrap(other, wrapped(1));
    await keys.rotate(tenant);
    await keys.newDataKey(tenant);
    expect(service.asked).toHaveLength(4);
    await keys.destroy(tenant);
    await keys.newDataKey(tenant);
    await keys.unwrap(tenant, wrapped(1));
    await keys.unwrap(other, wrapped(1));
    expect(service.asked).toHaveLength(6);
  });
});
