import { execFileSync } from 'node:child_process';
import { mkdir, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { tenantId } from '@myriad/kernel';
import { eventually, tempFolder, type TempFolder } from '@myriad/testing';
import { FileObjectStore } from '../src/index.js';
import { runChild, startChild } from './child/run-child.js';
import { expectRefusal, listed, newTenants, sample, streamOf } from './store-fixture.js';

const MIB = 1024 * 1024;

/** A file system of `sizeMib`, or why there is none. */
function mountSmall(path: string, sizeMib: number): string | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMib}m`, 'tmpfs', path], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

describe('FileObjectStore', () => {
  let folder: TempFolder;
  let root: string;
  beforeEach(async () => {
    folder = await tempFolder();
    root = join(folder.path, 'store');
  });
  afterEach(() => folder.remove());

  const temps = (): Promise<string[]> => readdir(join(root, '.tmp'));

  describe('on a full disk', () => {
    test('refuses what has no place, keeps what is there, and goes on once there is room', async () => {
      const small = join(folder.path, 'small');
      await mkdir(small);
      const reason = mountSmall(small, 8);
      if (reason !== undefined) {
        // without the right to mount: a process that may not write files over 6 MiB
        const { stdout, stderr } = await runChild('limited-put.ts', [root], 'ulimit -f 6144');
        expect({ stdout: stdout.trim(), stderr }).toEqual({ stdout: 'storage.full 0 1', stderr: '' });
        return;
      }
      try {
        const store = await FileObjectStore.open({ root: join(small, 'store') });
        const [tenant, other] = newTenants();
        const kept = sample(5 * MIB);
        await store.put(tenant, streamOf(kept.bytes), { expectedDigest: kept.digest });
        await expectRefusal(store.put(tenant, streamOf(sample(5 * MIB).bytes)), 'storage.full');
        await expectRefusal(store.put(other, sample(5 * MIB).bytes), 'storage.full');
        expect(await readdir(join(small, 'store', '.tmp'))).toEqual([]);
        expect(await listed(store, tenant)).toEqual([{ digest: kept.digest, sizeBytes: 5 * MIB }]);
        expect(await listed(store, other)).toEqual([]);
        expect((await store.getBytes(tenant, kept.digest)).equals(kept.bytes)).toBe(true);
        await store.delete(tenant, kept.digest);
        await store.put(other, streamOf(sample(5 * MIB).bytes));
      } finally {
        execFileSync('umount', ['-l', small]);
      }
    });

    test('a document that has no place leaves the one before', async () => {
      const small = join(folder.path, 'small');
      await mkdir(small);
      if (mountSmall(small, 2) !== undefined) return;
      try {
        const store = await FileObjectStore.open({ root: join(small, 'store') });
        const [tenant] = newTenants();
        const version = await store.putDocument(tenant, 'doc', Buffer.from('before'), null);
        await store.put(tenant, sample(1.5 * MIB).bytes);
        await expectRefusal(store.putDocument(tenant, 'doc', Buffer.alloc(MIB, 1), version), 'storage.full');
        expect(await store.getDocument(tenant, 'doc')).toEqual({ bytes: Buffer.from('before'), version });
        expect(await readdir(join(small, 'store', '.tmp'))).toEqual([]);
      } finally {
        execFileSync('umount', ['-l', small]);
      }
    });
  });

  describe('after a crash', () => {
    test('a writer killed half way leaves no object, and the next start removes what it wrote', async () => {
      const [tenant] = newTenants();
      const store = await FileObjectStore.open({ root });
      const writer = startChild('endless-put.ts', [root, tenant]);
      await eventually(async () => {
        expect(await temps()).toHaveLength(1);
      });
      await FileObjectStore.open({ root });
      expect(await temps()).toHaveLength(1); // its writer lives
      writer.process.kill('SIGKILL');
      await writer.ended;
      expect(await listed(store, tenant)).toEqual([]);
      expect(await temps()).toHaveLength(1);
      await FileObjectStore.open({ root });
      expect(await temps()).toEqual([]);
    });

    test('a machine that is not this one keeps its temporary files for a day', async () => {
      await FileObjectStore.open({ root });
      await writeFile(join(root, '.tmp', '0123456789ab-1-1.x'), '');
      await FileObjectStore.open({ root });
      expect(await temps()).toHaveLength(1);
    });

    test('a lock whose holder died is broken, by one of many', async () => {
      const store = await FileObjectStore.open({ root });
      const [tenant] = newTenants();
      await store.putDocument(tenant, 'doc', Buffer.from('0'), null);
      const holder = startChild('hold-lock.ts', [root, tenant]);
      await eventually(async () => {
        expect(await readdir(join(root, tenant, 'documents'))).toContain('doc.lock');
      });
      holder.process.kill('SIGKILL');
      await holder.ended;
      const { version } = (await store.getDocument(tenant, 'doc'))!;
      const stores = await Promise.all(Array.from({ length: 8 }, () => FileObjectStore.open({ root })));
      const attempts = stores.map((each, i) => each.putDocument(tenant, 'doc', Buffer.from(`${i + 1}`), version));
      const outcomes = await Promise.allSettled(attempts);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(await readdir(join(root, tenant, 'documents'))).toEqual(['doc.doc']);
    });

    test('increments of three processes, one of them killed, are each counted once', async () => {
      const [tenant] = newTenants();
      const store = await FileObjectStore.open({ root });
      await store.putDocument(tenant, 'counter', Buffer.from('0'), null);
      const victim = startChild('increment.ts', [root, tenant, '1000000']);
      const others = [1, 2].map(() => runChild('increment.ts', [root, tenant, '100']));
      const counted = async (): Promise<number> =>
        Number((await store.getDocument(tenant, 'counter'))?.bytes.toString());
      const linesOf = (text: string): number => text.split('\n').length - 1;
      await eventually(() => {
        expect(linesOf(victim.printed())).toBeGreaterThan(20);
      });
      victim.process.kill('SIGKILL');
      const { stdout } = await victim.ended;
      const reports = (await Promise.all(others)).map((child) => child.stdout.trim());
      expect(reports).toEqual(['100', '100']);
      // the victim may have died between its last increment and the line about it
      expect([0, 1]).toContain((await counted()) - 200 - linesOf(stdout));
    }, 60_000);
  });

  describe('links and strange files', () => {
    test('a symbolic link in place of an object is not followed', async () => {
      const store = await FileObjectStore.open({ root });
      const [tenant] = newTenants();
      const { bytes, digest } = sample();
      await store.put(tenant, bytes);
      const hex = digest.slice(7);
      const path = join(root, tenant, 'sha256', hex.slice(0, 2), hex.slice(2));
      const secret = join(folder.path, 'secret');
      await writeFile(secret, bytes);
      await rm(path);
      await symlink(secret, path);
      expect(await store.head(tenant, digest)).toBeUndefined();
      expect(await listed(store, tenant)).toEqual([]);
      for (const call of [
        store.get(tenant, digest),
        store.getBytes(tenant, digest),
        store.withLocalFile(tenant, digest, () => Promise.resolve()),
      ])
        await expectRefusal(call, 'storage.object_not_found');
    });

    test('files that are no objects are not listed', async () => {
      const store = await FileObjectStore.open({ root });
      const tenant = tenantId('strange');
      const { digest, sizeBytes } = await store.put(tenant, sample().bytes);
      await writeFile(join(root, tenant, 'sha256', 'README'), 'x');
      await mkdir(join(root, tenant, 'sha256', 'ab'), { recursive: true });
      await writeFile(join(root, tenant, 'sha256', 'ab', 'no-digest'), 'x');
      expect(await listed(store, tenant)).toEqual([{ digest, sizeBytes }]);
    });

    test('damage that keeps size and time is found by the next process that uses the file', async () => {
      const store = await FileObjectStore.open({ root });
      const [tenant] = newTenants();
      const { bytes, digest } = sample();
      await store.put(tenant, bytes);
      const hex = digest.slice(7);
      const path = join(root, tenant, 'sha256', hex.slice(0, 2), hex.slice(2));
      await rm(path);
      await writeFile(path, sample(bytes.length).bytes);
      await utimes(path, new Date(0), new Date(0));
      const next = await FileObjectStore.open({ root });
      await expectRefusal(
        next.withLocalFile(tenant, digest, () => Promise.resolve()),
        'storage.corrupt',
      );
    });

    test('bytes that are put again heal a damaged object', async () => {
      const store = await FileObjectStore.open({ root });
      const [tenant] = newTenants();
      const { bytes, digest } = sample();
      await store.put(tenant, bytes);
      const hex = digest.slice(7);
      const path = join(root, tenant, 'sha256', hex.slice(0, 2), hex.slice(2));
      await rm(path);
      await writeFile(path, 'damaged');
      await expectRefusal(store.getBytes(tenant, digest), 'storage.corrupt');
      await store.put(tenant, bytes);
      expect((await store.getBytes(tenant, digest)).equals(bytes)).toBe(true);
    });
  });
});
