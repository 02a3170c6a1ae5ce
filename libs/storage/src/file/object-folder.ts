import type { Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest, TenantId } from '@myriad/kernel';
import { checkTenant, digestOfHex, hexOf } from '../object-name.js';
import type { StoredObject } from '../object-store.port.js';
import { isCode, removeFile } from './durable-files.js';

/** Where the objects of each tenant are: `<root>/<tenant>/<kind>/<2 hex digits of the digest>/<62>`. */
export class ObjectFolder {
  constructor(
    private readonly root: string,
    private readonly kind: 'sha256' | 'sealed',
  ) {}

  /** @throws {ProblemError} `storage.name_invalid`. */
  pathOf(tenantId: TenantId, digest: Digest): string {
    const hex = hexOf(digest);
    return join(this.root, checkTenant(tenantId), this.kind, hex.slice(0, 2), hex.slice(2));
  }

  /** undefined when there is no such file. */
  stat(tenantId: TenantId, digest: Digest): Promise<Stats | undefined> {
    return statFile(this.pathOf(tenantId, digest));
  }

  /** Removes the file unless it was written after that time; false when it was. */
  async deleteUnchanged(tenantId: TenantId, { digest, modifiedMs }: StoredObject): Promise<boolean> {
    const path = this.pathOf(tenantId, digest);
    const stats = await statFile(path);
    if (stats && modifiedMsOf(stats) > modifiedMs) return false;
    await removeFile(path);
    return true;
  }

  /** In order of the digests; the sizes are those of the files. */
  async *list(tenantId: TenantId): AsyncGenerator<StoredObject, void> {
    const folder = join(this.root, checkTenant(tenantId), this.kind);
    for (const shard of await namesIn(folder)) {
      for (const name of await namesIn(join(folder, shard))) {
        const digest = digestOfHex(shard + name);
        const stats = digest && (await statFile(join(folder, shard, name)));
        if (stats) yield { digest, sizeBytes: stats.size, modifiedMs: modifiedMsOf(stats) };
      }
    }
  }
}

/** Whole milliseconds, as far as numbers of files keep them alike. */
function modifiedMsOf({ mtimeMs }: Stats): number {
  return Math.floor(mtimeMs);
}

async function statFile(path: string): Promise<Stats | undefined> {
  try {
    const stats = await lstat(path);
    return stats.isFile() ? stats : undefined;
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

/** Of what is in the folder, in order; none when it is not there. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}
