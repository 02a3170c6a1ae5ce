import { constants } from 'node:fs';
import { chmod, copyFile, lstat, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Digest, TenantId } from '@myriad/kernel';
import { SEALED_SEGMENT_BYTES } from '../sealed/seal-layout.js';
import type { StoredObject } from '../object-store.port.js';
import type { Naming, SealedObject, SealedObjects } from '../sealed/sealed-objects.port.js';
import { openForReading, removeFile, syncFolder, type TempFiles } from './durable-files.js';
import type { FileDocuments } from './file-documents.js';
import { ObjectFolder } from './object-folder.js';

/** Read at once: whole segments, so that those behind an object's header need no copying together. */
const READ_BYTES = 4 * SEALED_SEGMENT_BYTES;

/** Sealed objects as files: `<root>/<tenant>/sealed/<2 hex digits>/<62>`. */
export class FileSealedObjects implements SealedObjects {
  private readonly folder: ObjectFolder;

  constructor(
    root: string,
    readonly temps: TempFiles,
    private readonly documents: FileDocuments,
  ) {
    this.folder = new ObjectFolder(root, 'sealed');
  }

  async write(tenantId: TenantId, bytes: AsyncGenerator<Uint8Array, void>, { finish }: Naming): Promise<void> {
    await this.temps.publish(async (file) => {
      for await (const chunk of bytes) await file.writeFile(chunk);
      return this.folder.pathOf(tenantId, finish());
    });
  }

  async open(tenantId: TenantId, digest: Digest): Promise<SealedObject | undefined> {
    const path = this.folder.pathOf(tenantId, digest);
    const file = await openForReading(path);
    if (!file) return undefined;
    const { size: sizeBytes, ino } = await file.stat();
    return {
      sizeBytes,
      read: (start, end) => readRange(file, start, end),
      replaceHead: (head) => this.replaceHead(path, ino, head),
      close: () => file.close(),
    };
  }

  async head(tenantId: TenantId, digest: Digest): Promise<number | undefined> {
    return (await this.folder.stat(tenantId, digest))?.size;
  }

  delete(tenantId: TenantId, digest: Digest): Promise<void> {
    return removeFile(this.folder.pathOf(tenantId, digest));
  }

  deleteUnchanged(tenantId: TenantId, listed: StoredObject): Promise<boolean> {
    return this.folder.deleteUnchanged(tenantId, listed);
  }

  list(tenantId: TenantId): AsyncIterable<StoredObject> {
    return this.folder.list(tenantId);
  }

  putDocument(tenantId: TenantId, name: string, bytes: Uint8Array, expectedVersion: string | null): Promise<string> {
    return this.documents.put(tenantId, name, bytes, expectedVersion);
  }

  /** On a copy, which shares its content with the file where the file system can (XFS, Btrfs), and is made by the kernel where not; then in the file's place. */
  private async replaceHead(path: string, ino: number, head: Buffer): Promise<boolean> {
    const copy = this.temps.newPath();
    try {
      await copyFile(path, copy, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
      if ((await inodeOf(path)) !== ino) return false;
      await overwrite(copy, head);
      if ((await inodeOf(path)) !== ino) return false;
      await rename(copy, path);
      await syncFolder(dirname(path));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    } finally {
      await rm(copy, { force: true });
    }
  }
}

/** The bytes from `start` to `end`, or as many as there are; in one buffer, used again and again. */
export async function* readRange(file: FileHandle, start: number, end: number): AsyncGenerator<Uint8Array, void> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, end - start + 1));
  for (let at = start; at <= end;) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, end - at + 1), at);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}

async function inodeOf(path: string): Promise<number> {
  return (await lstat(path)).ino;
}

async function overwrite(path: string, head: Buffer): Promise<void> {
  await chmod(path, 0o600);
  const file = await open(path, 'r+');
  try {
    await file.write(head, 0, head.length, 0);
    await file.chmod(0o400);
    await file.sync();
  } finally {
    await file.close();
  }
}
