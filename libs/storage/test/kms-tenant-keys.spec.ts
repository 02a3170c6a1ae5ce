import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CachingTenantKeys, EncryptingObjectStore, FileObjectStore } from '../src/index.js';
import { KmsTenantKeys } from '../src/keys/kms-tenant-keys.js';
import { tempFolder } from '@myriad/testing';
import { FakeKms } from './fake-kms.js';
import { expectRefusal, newTenants, sample } from './store-fixture.js';
import { tenantKeysContract, type KeysFixture } from './tenant-keys.contract.js';

const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };

async function openKmsFixture(): Promise<KeysFixture> {
  const kms = await FakeKms.start();
  const open = (): Promise<KmsTenantKeys> => Promise.resolve(new KmsTenantKeys({ endpoint: kms.url, credentials }));
  return { keys: await open(), open, close: () => kms.close() };
}

describe('KmsTenantKeys', () => {
  tenantKeysContract(openKmsFixture);

  describe('beyond the contract', () => {
    let kms: FakeKms;
    beforeAll(async () => {
      kms = await FakeKms.start();
    });
    afterAll(() => kms.close());

    test('a destroyed key can be brought back for the days that were configured', async () => {
      const keys = new KmsTenantKeys({ endpoint: kms.url, credentials, deletionDays: 7 });
      const [tenant] = newTenants();
      await keys.newDataKey(tenant);
      const { destroyedAt, finalAt } = await keys.destroy(tenant);
      const days = (Date.parse(finalAt) - Date.parse(destroyedAt)) / 86_400_000;
      expect(days).toBeCloseTo(7, 2);
    });

    test('installations with prefixes of their own do not see each other', async () => {
      const [tenant] = newTenants();
      const one = new KmsTenantKeys({ endpoint: kms.url, credentials, aliasPrefix: 'one' });
      const two = new KmsTenantKeys({ endpoint: kms.url, credentials, aliasPrefix: 'two' });
      const { wrapped } = await one.newDataKey(tenant);
      await two.newDataKey(tenant);
      await expectRefusal(two.unwrap(tenant, wrapped), 'storage.key_invalid');
    });

    test('a hundred objects of a tenant are written and read with two keys asked of the service', async () => {
      const folder = await tempFolder();
      const [tenant] = newTenants();
      const inner = await FileObjectStore.open({ root: folder.path });
      const open = (): Promise<EncryptingObjectStore> =>
        EncryptingObjectStore.open(inner, {
          keys: new CachingTenantKeys(new KmsTenantKeys({ endpoint: kms.url, credentials })),
        });
      const before = kms.calls.length;
      const samples = Array.from({ length: 100 }, () => sample(500));
      const [writer, reader] = [await open(), await open()];
      for (const { bytes } of samples) await writer.put(tenant, bytes);
      for (const { bytes, digest } of samples) expect((await reader.getBytes(tenant, digest)).equals(bytes)).toBe(true);
      const asked = kms.calls.slice(before).filter((name) => name === 'GenerateDataKey' || name === 'Decrypt');
      expect(asked).toEqual(['GenerateDataKey', 'Decrypt']);
      await folder.remove();
    });

    test('a service that is away is unavailable, not a missing key', async () => {
      const away = new KmsTenantKeys({ endpoint: 'http://127.0.0.1:9', credentials });
      const [tenant] = newTenants();
      for (const call of [
        () => away.newDataKey(tenant),
        () => away.unwrap(tenant, { bytes: Buffer.alloc(10), version: 1 }),
        () => away.status(tenant),
        () => away.rotate(tenant),
        () => away.destroy(tenant),
        () => away.ping(),
      ])
        await expectRefusal(call(), 'storage.keys_unavailable');
    });
  });
});
