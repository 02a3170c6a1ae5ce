import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { tenantKeyRotatedV1, tenantKeyRotationRequestedV1, tenantPurgedV1, tenantShreddedV1 } from '@myriad/contracts';
import { FakeClock, tenantId } from '@myriad/kernel';
import {
  EncryptingObjectStore,
  FileObjectStore,
  LocalTenantKeys,
  MasterSecrets,
  type ObjectStore,
} from '@myriad/storage';
import { ServiceHarness, tempFolder, type TempFolder } from '@myriad/testing';
import { AppModule } from '../../src/app.module.js';
import { openRegistryDatabase } from '../../src/persistence/registry-database.js';

describe('the keys of tenants', () => {
  let folder: TempFolder;
  let harness: ServiceHarness;
  let keys: LocalTenantKeys;
  let store: ObjectStore;
  beforeAll(async () => {
    folder = await tempFolder();
    const documents = await FileObjectStore.open({ root: join(folder.path, 'keys') });
    keys = new LocalTenantKeys({ documents, masters: new MasterSecrets('a secret that only this test knows') });
    const inner = await FileObjectStore.open({ root: join(folder.path, 'objects') });
    store = await EncryptingObjectStore.open(inner, { keys });
    harness = await ServiceHarness.start({
      service: 'registry',
      openDatabase: openRegistryDatabase,
      module: ({ database, log, logger }) => AppModule.with({ database, log, store, logger, clock: new FakeClock() }),
    });
  });
  afterAll(async () => {
    await harness.close();
    await folder.remove();
  });

  it('get a version when that is asked for, once for an event that comes twice, and say which', async () => {
    const [tenant, other] = [tenantId('ra'), tenantId('rb')];
    for (const each of [tenant, other]) await store.put(each, Buffer.from('bytes'));
    await harness.publish(tenantKeyRotationRequestedV1, tenant, {
      ...tenantKeyRotationRequestedV1.example,
      tenantId: tenant,
    });
    await harness.flush();
    expect(harness.eventsOf(tenantKeyRotatedV1).map(({ data }) => [data.tenantId, data.version])).toEqual([['ra', 2]]);
    expect((await keys.status(other)).version).toBe(1);
  });

  it('are destroyed with a purge, with a receipt, once; another tenant keeps its own', async () => {
    const [tenant, other] = [tenantId('pa'), tenantId('pb')];
    const { digest } = await store.put(tenant, Buffer.from('bytes'));
    await store.put(other, Buffer.from('bytes'));
    await harness.publish(tenantPurgedV1, tenant, { ...tenantPurgedV1.example, tenantId: tenant });
    await harness.flush();
    const receipts = harness.eventsOf(tenantShreddedV1).map(({ data }) => data);
    expect(receipts).toEqual([
      expect.objectContaining({
        tenantId: 'pa',
        objects: 1,
        sizeBytes: 5,
        keys: expect.objectContaining({ versions: 1 }),
      }),
    ]);
    expect((await keys.status(tenant)).state).toBe('destroyed');
    await expect(store.put(tenant, Buffer.from('more'))).rejects.toMatchObject({ code: 'storage.key_destroyed' });
    expect((await store.getBytes(other, digest)).toString()).toBe('bytes');
  });
});
