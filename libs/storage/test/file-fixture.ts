import { once } from 'node:events';
import { chmod, readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { tempFolder } from '@myriad/testing';
import { FileObjectStore, createObjectDoor } from '../src/index.js';
import type { StoreFixture } from './store-fixture.js';

export interface FileFixture extends StoreFixture {
  readonly store: FileObjectStore;
  readonly root: string;
  /** What the door reported as its own fault. */
  readonly faults: unknown[];
}

/** A store in an empty folder with its door on a free port. */
export async function openFileFixture(): Promise<FileFixture> {
  const folder = await tempFolder();
  const root = join(folder.path, 'objects');
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const publicUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mounted/here/`;
  const signingKey = Buffer.alloc(32, 'key of a test');
  const open = (): Promise<FileObjectStore> => FileObjectStore.open({ root, publicUrl, signingKey });
  const store = await open();
  const faults: unknown[] = [];
  server.on('request', createObjectDoor(store, { onError: (error) => faults.push(error) }));
  return {
    store,
    root,
    faults,
    open,
    damage: async (tenant, digest, bytes) => {
      const hex = digest.slice(7);
      const path = join(root, tenant, 'sha256', hex.slice(0, 2), hex.slice(2));
      await chmod(path, 0o600);
      await writeFile(path, bytes);
    },
    leftovers: async () => {
      const names = await readdir(root, { recursive: true });
      return names.filter((name) => /^\.tmp\/./.test(name) || /\.(lock|break)$/.test(name));
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await folder.remove();
    },
  };
}
