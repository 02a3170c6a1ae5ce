import { constants, open as openFile, read, closeSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { hash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { digestOf, type Digest, type TenantId } from '@myriad/kernel';
import { collect, verified } from '../byte-meter.js';
import { isCode, openForReading } from '../file/durable-files.js';
import { readRange } from '../file/file-sealed-objects.js';
import type { TenantKeys } from '../keys/tenant-keys.port.js';
import { DEFAULT_MAX_BYTES_IN_MEMORY } from '../object-store.port.js';
import { sealBytes, sealedSizeOf } from '../sealed/seal-bytes.js';
import { SealedReader } from '../sealed/sealed-reader.js';
import { storageProblem } from '../storage-problem.js';

/** Which object of which tenant. */
export interface CopyOf {
  readonly tenantId: TenantId;
  readonly digest: Digest;
}

/** A file of a copy. */
export interface CopyFile {
  /** 32 hex digits, see {@link LocalCopies.nameOf}. */
  readonly name: string;
  /** Of the file: of a sealed copy the sealed bytes. */
  readonly fileBytes: number;
}

/** Copies lie in so many folders: some hundred in each of a million. */
export const COPY_FOLDERS = 4_096;
const FOLDER_DIGITS = 3;
/** Larger files are read and checked piece by piece, so that nobody waits for it. */
const AT_ONCE_BYTES = 256 * 1024;
const FOLDER_NAME = /^[0-9a-f]{3}$/;
const FILE_NAME = /^([0-9a-f]{29})\.([0-9a-z]{1,10})$/;

/**
 * A folder of this machine for copies of small and large objects, one process's own: `<root>/<plain or sealed>/<3 hex digits>/<29 more>.<bytes of the file, base 36>`. A copy is one file, its size is known from
 * its name, and nothing is forced to the disk: what a crash left half written does not fit its digest. Sealed under the tenants' keys where there are keys, so that a purged tenant's copies can't be read.
 */
export class LocalCopies {
  private readonly root: string;
  private readonly made = new Uint8Array(COPY_FOLDERS);

  private constructor(
    root: string,
    private readonly keys: TenantKeys | undefined,
  ) {
    this.root = join(resolve(root), keys === undefined ? 'plain' : 'sealed');
  }

  /** Copies of the other kind, from before encryption was turned on or off, are removed. @throws when the folder can't be made */
  static async open(root: string, keys?: TenantKeys): Promise<LocalCopies> {
    const copies = new LocalCopies(root, keys);
    await rm(join(resolve(root), keys === undefined ? 'sealed' : 'plain'), { recursive: true, force: true });
    await mkdir(copies.root, { recursive: true, mode: 0o700 });
    return copies;
  }

  /** What the copy of an object is called: 128 bits of a hash, which tell nothing of tenant or content. */
  nameOf({ tenantId, digest }: CopyOf): string {
    return hash('sha256', `${tenantId}/${digest}`, 'hex').slice(0, 32);
  }

  /** The folder that a copy of this name is in, 0…{@link COPY_FOLDERS} − 1. */
  folderOf(name: string): number {
    return parseInt(name.slice(0, FOLDER_DIGITS), 16);
  }

  /** Bytes that the file of an object of so many bytes has. */
  fileBytesOf(sizeBytes: number): number {
    return this.keys === undefined ? sizeBytes : sealedSizeOf(sizeBytes);
  }

  /** The folders that there are. */
  async folders(): Promise<number[]> {
    const names = await readdir(this.root);
    return names.filter((name) => FOLDER_NAME.test(name)).map((name) => parseInt(name, 16));
  }

  /** The copies in a folder. */
  async list(folder: number): Promise<CopyFile[]> {
    const start = startOf(folder);
    const names = await readdir(join(this.root, start)).catch((error: unknown) => {
      if (isCode(error, 'ENOENT')) return [];
      throw error;
    });
    return names.flatMap((name) => {
      const [, rest, size] = FILE_NAME.exec(name) ?? [];
      return rest === undefined || size === undefined ? [] : [{ name: start + rest, fileBytes: parseInt(size, 36) }];
    });
  }

  /** The bytes of the object. @throws {ProblemError} `storage.corrupt` when the copy is not what it should be, `storage.too_large`; whatever else keeps it from being read */
  async read(of: CopyOf, file: CopyFile, maxSizeBytes = DEFAULT_MAX_BYTES_IN_MEMORY): Promise<Buffer> {
    if (file.fileBytes > this.fileBytesOf(maxSizeBytes)) throw storageProblem.tooLarge(maxSizeBytes);
    const path = this.pathOf(file);
    if (file.fileBytes > AT_ONCE_BYTES) return this.readInPieces(of, path, file.fileBytes);
    const bytes = await readAtOnce(path, file.fileBytes);
    if (this.keys !== undefined) return open(of, this.keys, { ...inMemory(bytes), sizeBytes: file.fileBytes });
    if (digestOf(bytes) !== of.digest) throw storageProblem.corrupt(of.digest, 'a copy on disk');
    return bytes;
  }

  /** Writes a copy of an object, whose bytes are taken to be right. */
  async write(of: CopyOf, bytes: Buffer): Promise<CopyFile> {
    const file = { name: this.nameOf(of), fileBytes: this.fileBytesOf(bytes.length) };
    const path = this.pathOf(file);
    const folder = this.folderOf(file.name);
    try {
      if (this.made[folder] === 0) await mkdir(join(this.root, startOf(folder)), { recursive: true, mode: 0o700 });
      this.made[folder] = 1;
      const data = this.keys === undefined ? bytes : sealBytes(of, bytes, this.keys);
      await writeFile(path, data, { mode: 0o600 });
    } catch (error) {
      // somebody may have removed the folder
      this.made[folder] = 0;
      await rm(path, { force: true });
      throw error;
    }
    return file;
  }

  /** Nothing happens when it is not there. */
  async delete(file: CopyFile): Promise<void> {
    await rm(this.pathOf(file), { force: true });
  }

  private pathOf({ name, fileBytes }: CopyFile): string {
    const file = `${name.slice(FOLDER_DIGITS)}.${fileBytes.toString(36)}`;
    return join(this.root, name.slice(0, FOLDER_DIGITS), file);
  }

  private async readInPieces(of: CopyOf, path: string, fileBytes: number): Promise<Buffer> {
    const file = await openForReading(path);
    if (file === undefined) throw storageProblem.objectNotFound(of.digest);
    const { keys } = this;
    if (keys === undefined) {
      const stream = file.createReadStream({ highWaterMark: AT_ONCE_BYTES });
      return collect(verified(stream, { digest: of.digest, sizeBytes: fileBytes }), fileBytes);
    }
    const object = {
      sizeBytes: fileBytes,
      read: (start: number, end: number) => readRange(file, start, end),
      close: () => file.close(),
    };
    return open(of, keys, object);
  }
}

async function open(of: CopyOf, keys: TenantKeys, object: Parameters<typeof SealedReader.open>[0]): Promise<Buffer> {
  return (await SealedReader.open(object, { ...of, keys })).whole();
}

function startOf(folder: number): string {
  return folder.toString(16).padStart(FOLDER_DIGITS, '0');
}

function inMemory(bytes: Buffer): Omit<Parameters<typeof SealedReader.open>[0], 'sizeBytes'> {
  return {
    // eslint-disable-next-line @typescript-eslint/require-await -- asynchronous by the port
    async *read(start, end) {
      yield bytes.subarray(start, end + 1);
    },
    close: () => Promise.resolve(),
  };
}

/** Opened and read, two calls: a stream of so little costs several times as much. A symbolic link is refused. */
function readAtOnce(path: string, sizeBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    openFile(path, constants.O_RDONLY | constants.O_NOFOLLOW, (fault, file) => {
      if (fault) {
        reject(fault);
        return;
      }
      read(file, Buffer.allocUnsafeSlow(sizeBytes), 0, sizeBytes, 0, (error, bytesRead, buffer) => {
        // of a file that was only read, this waits for nothing, and a call less is a thread less to wake
        closeSync(file);
        if (error) reject(error);
        else resolve(buffer.subarray(0, bytesRead));
      });
    });
  });
}
