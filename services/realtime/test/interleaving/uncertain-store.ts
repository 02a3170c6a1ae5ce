import { chmod, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest, TenantId } from '@myriad/kernel';
import { FileObjectStore, type ObjectStore } from '@myriad/storage';
import type { Random } from '../random.js';

/** How a read of the store ends. */
export type ReadEnd = 'right' | 'damaged' | 'gone' | 'away';

/** Two real stores of the same objects; in the files of one stands what should be in others. */
export class TwoStores {
  private constructor(
    readonly right: FileObjectStore,
    readonly damaged: FileObjectStore,
    private readonly damagedRoot: string,
  ) {}

  static async open(folder: string): Promise<TwoStores> {
    const roots = [join(folder, 'right'), join(folder, 'damaged')] as const;
    const [right, damaged] = await Promise.all(roots.map((root) => FileObjectStore.open({ root })));
    return new TwoStores(right!, damaged!, roots[1]);
  }

  async put(tenantId: TenantId, bytes: Buffer): Promise<void> {
    await Promise.all([this.right, this.damaged].map((store) => store.put(tenantId, bytes)));
  }

  async damage(random: Random): Promise<void> {
    await swapFiles(this.damagedRoot, random);
  }
}

/** A store whose reads wait until they are let go, each to the end it is given. Digests are checked by the real stores. */
export class UncertainStore implements Pick<ObjectStore, 'getBytes'> {
  private readonly waiting: ((end: ReadEnd) => void)[] = [];

  constructor(private readonly stores: TwoStores) {}

  get reads(): number {
    return this.waiting.length;
  }

  async getBytes(tenantId: TenantId, digest: Digest, maxSizeBytes?: number): Promise<Buffer> {
    const end = await new Promise<ReadEnd>((resolve) => this.waiting.push(resolve));
    if (end === 'away') throw new Error('the store does not answer');
    if (end === 'gone') throw new Error(`no object ${digest}`);
    return (end === 'right' ? this.stores.right : this.stores.damaged).getBytes(tenantId, digest, maxSizeBytes);
  }

  /** Lets a read that waits go on, not always the oldest. */
  release(at: number, end: ReadEnd): void {
    const [resolve] = this.waiting.splice(at, 1);
    resolve?.(end);
  }
}

/** Puts into each file what stands in another, or a part of it: the worst that a disk can do. */
export async function swapFiles(root: string, random: Random): Promise<void> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const contents = await Promise.all(paths.map((path) => readFile(path).catch(() => Buffer.alloc(0))));
  for (const [i, path] of paths.entries()) {
    const other = contents[(i + 1) % contents.length]!;
    const bytes = random.chance(0.7) ? other : other.subarray(0, random.int(0, other.length));
    // a copy that is removed meanwhile stays removed
    await chmod(path, 0o600)
      .then(() => writeFile(path, bytes, { flag: 'r+' }))
      .catch(() => undefined);
  }
}
