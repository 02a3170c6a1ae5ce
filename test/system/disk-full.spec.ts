import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { digestOf } from '@myriad/kernel';
import { registryRoutes } from '@myriad/contracts';
import { type Tenant, addTenant } from './cast.js';
import { problemOf } from './client.js';
import { MODE, Mesh } from './mesh.js';
import { commitRows } from './model-way.js';
import { stepsOn } from './steps.js';
import { csvOf, machineRows } from './tables.js';

const mount = (...args: string[]): void => {
  execFileSync('mount', args, { stdio: 'pipe' });
};

/** The disk that fills up: the folder store's, or the one under the S3 server's buckets. */
const DISK = MODE === 'mesh' ? 's3/buckets' : 'objects';

/** A small file system needs the right to mount one. */
function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'myriad-mount-'));
  try {
    mount('-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder);
    execFileSync('umount', [folder], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

(canMount() ? describe : describe.skip)(
  'A full disk under the object store (skipped where tmpfs may not be mounted)',
  () => {
    let mesh: Mesh;
    let tenant: Tenant;
    let disk = '';
    const LARGE = csvOf(machineRows(300_000, 2));
    const step = stepsOn(() => mesh);

    beforeAll(async () => {
      mesh = await Mesh.start({
        prepare: (stateFolder) => {
          disk = join(stateFolder, DISK);
          mkdirSync(disk, { recursive: true, mode: 0o700 });
          mount('-t', 'tmpfs', '-o', 'size=4m,mode=0700', 'tmpfs', disk);
        },
      });
      tenant = await addTenant(mesh.admin, 'acme');
    });
    afterAll(async () => {
      execFileSync('umount', ['--lazy', disk], { stdio: 'pipe' });
      await Mesh.stopAll();
    });

    const files = (): readonly string[] =>
      readdirSync(mesh.objectsFolder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        // snapshots of topics are written when they are due
        .filter((file) => !file.includes('/platform/'))
        .sort();
    const putLarge = () =>
      tenant.program.client.send({
        method: 'PUT',
        path: '/v1/datasets/machines/content?format=csv',
        headers: { 'content-type': 'text/csv' },
        body: LARGE,
      });
    const versions = async (): Promise<readonly number[]> => {
      const { items } = await tenant.program.client.call(registryRoutes.listDatasetVersions, {
        params: { name: 'machines' },
      });
      return items.map(({ version }) => version);
    };

    step('is said plainly, by the gateway and by presigned URLs, and nothing is half-written', async () => {
      await commitRows(tenant.program.client, 'machines', machineRows(100, 1));
      const before = files();
      expect(before.length).toBeGreaterThan(0);

      const refused = await putLarge();
      expect(problemOf(refused)).toMatchObject({ status: 503, code: 'storage.full' });

      const digest = digestOf(LARGE);
      const presigned = await tenant.program.client.call(registryRoutes.createDatasetUpload, {
        params: { name: 'machines' },
        body: { digest, sizeBytes: Buffer.byteLength(LARGE) },
      });
      const direct = await fetch(presigned.url, { method: 'PUT', headers: presigned.headers, body: LARGE });
      expect(direct.status).toBe(503);
      expect(await direct.json()).toMatchObject({ code: 'storage.full' });

      expect(files()).toEqual(before);
      expect(await versions()).toEqual([1]);
    });

    step('harms nothing that is there, and is over when there is room', async () => {
      const download = await tenant.program.client.call(registryRoutes.downloadDatasetVersion, {
        params: { name: 'machines', version: 1 },
      });
      expect(await (await fetch(download.url)).text()).toBe(csvOf(machineRows(100, 1)));
      mount('-o', 'remount,size=64m', disk);
      expect((await putLarge()).status).toBe(201);
      expect(await versions()).toEqual([2, 1]);
    });
  },
);
