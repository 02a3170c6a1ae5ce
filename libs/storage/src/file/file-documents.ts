import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { digestOf, type TenantId } from '@myriad/kernel';
import { checkDocumentName, checkTenant } from '../object-name.js';
import { storageProblem } from '../storage-problem.js';
import { ensureFolder, isCode, type TempFiles } from './durable-files.js';
import { withLockFile } from './lock-file.js';
import { namesIn } from './object-folder.js';

const EXTENSION = '.doc';

/** Small mutable documents as files; a version is the digest of the content. Reading takes no lock, since `rename` replaces a document in one step. */
export class FileDocuments {
  constructor(
    private readonly root: string,
    private readonly temps: TempFiles,
  ) {}

  async put(tenantId: TenantId, name: string, bytes: Uint8Array, expectedVersion: string | null): Promise<string> {
    const path = this.pathOf(tenantId, name);
    await ensureFolder(dirname(path));
    await withLockFile(`${path}.lock`, this.temps, async () => {
      const current = await this.get(tenantId, name);
      if ((current?.version ?? null) !== expectedVersion) throw storageProblem.preconditionFailed(name);
      await this.temps.publish(async (file) => {
        await file.writeFile(bytes);
        return path + EXTENSION;
      });
    });
    return digestOf(bytes);
  }

  async get(
    tenantId: TenantId,
    name: string,
  ): Promise<{ readonly bytes: Buffer; readonly version: string } | undefined> {
    try {
      const bytes = await readFile(this.pathOf(tenantId, name) + EXTENSION);
      return { bytes, version: digestOf(bytes) };
    } catch (error) {
      if (isCode(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  async *names(tenantId: TenantId): AsyncGenerator<string, void> {
    const folder = join(this.root, checkTenant(tenantId), 'documents');
    for (const name of await namesIn(folder)) if (name.endsWith(EXTENSION)) yield name.slice(0, -EXTENSION.length);
  }

  /** `<root>/<tenant>/documents/<name>`, to which `.doc` or `.lock` is added. */
  private pathOf(tenantId: TenantId, name: string): string {
    return join(this.root, checkTenant(tenantId), 'documents', checkDocumentName(name));
  }
}
