import { describe, expect, test } from '@jest/globals';
import { tempFolder } from '@myriad/testing';
import { MasterSecrets } from '../src/index.js';
import { startChild } from './child/run-child.js';
import { SECRET, localKeys } from './sealing.js';
import { expectRefusal, newTenants } from './store-fixture.js';
import { tenantKeysContract, type KeysFixture } from './tenant-keys.contract.js';
import { eventually } from '@myriad/testing';

async function openLocalFixture(): Promise<KeysFixture> {
  const folder = await tempFolder();
  const open = (): ReturnType<typeof localKeys> => localKeys(folder.path);
  return { keys: await open(), open, close: () => folder.remove() };
}

describe('LocalTenantKeys', () => {
  tenantKeysContract(openLocalFixture);

  test('need the master secret that sealed them', async () => {
    const folder = await tempFolder();
    const [tenant, other] = newTenants();
    const { wrapped } = await (await localKeys(folder.path)).newDataKey(tenant);
    const stranger = await localKeys(folder.path, `another ${SECRET}`);
    await expectRefusal(stranger.unwrap(tenant, wrapped), 'storage.keys_unavailable');
    await expectRefusal(stranger.newDataKey(tenant), 'storage.keys_unavailable');
    await stranger.newDataKey(other);
    await folder.remove();
  });

  test('are sealed anew by a newer master secret, after which the old one opens nothing', async () => {
    const folder = await tempFolder();
    const [tenant] = newTenants();
    const { plain, wrapped } = await (await localKeys(folder.path)).newDataKey(tenant);
    const newSecret = `the next ${SECRET}`;
    const both = await localKeys(folder.path, `${newSecret}\n${SECRET}\n`);
    await both.rotate(tenant);
    expect(await both.reseal(tenant)).toBe(true);
    expect(await both.reseal(tenant)).toBe(false);
    const after = await localKeys(folder.path, newSecret);
    expect((await after.unwrap(tenant, wrapped)).equals(plain)).toBe(true);
    await expectRefusal((await localKeys(folder.path)).unwrap(tenant, wrapped), 'storage.keys_unavailable');
    await folder.remove();
  });

  test('lose no version when a process that rotates is killed, whenever', async () => {
    const folder = await tempFolder();
    const [tenant] = newTenants();
    const keys = await localKeys(folder.path);
    const { plain, wrapped } = await keys.newDataKey(tenant);
    const victim = startChild('rotate-keys.ts', [folder.path, tenant]);
    await eventually(async () => {
      expect((await keys.status(tenant)).version).toBeGreaterThan(3);
    });
    victim.process.kill('SIGKILL');
    await victim.ended;
    const { version } = await keys.status(tenant);
    expect((await keys.rotate(tenant)).version).toBe(version + 1);
    expect((await keys.unwrap(tenant, wrapped)).equals(plain)).toBe(true);
    await folder.remove();
  });

  test.each(['', '\n \n', 'too short', `${SECRET}\ntoo short`])('a secret file that holds %j is none', (text) => {
    expect(() => new MasterSecrets(text)).toThrow(TypeError);
  });
});
