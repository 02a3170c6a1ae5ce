import { EvictionIndex } from '@myriad/placement';
import type { Digest, TenantId } from '@myriad/kernel';
import { COPY_FOLDERS, type CopyFile, type CopyOf, type LocalCopies, type ObjectStore } from '@myriad/storage';
import type { Logger } from '@myriad/telemetry';
import { CopyTable } from './copy-table.js';
import { TaskQueue } from './task-queue.js';

export interface DiskTierOptions {
  readonly store: Pick<ObjectStore, 'getBytes'>;
  /** Where copies lie on this machine; checks what it reads as the store does. */
  readonly copies: Pick<
    LocalCopies,
    'nameOf' | 'folderOf' | 'fileBytesOf' | 'folders' | 'list' | 'read' | 'write' | 'delete'
  >;
  /** Bytes of all copies on disk, at most. */
  readonly maxBytes: number;
  /** What a file of so many bytes takes on disk, bytes; default blocks of 4 KiB. */
  readonly bytesOnDisk?: (fileBytes: number) => number;
  readonly logger: Logger;
  /** Measures what reads of the store cost, milliseconds. Default `performance.now`. */
  readonly stopwatch?: () => number;
}

/** What the tier holds and did, for metrics. */
export interface DiskState {
  readonly bytes: number;
  readonly hits: number;
  readonly misses: number;
  /** Copies that could not be read or were damaged. */
  readonly damaged: number;
  /** Copies that could not be written. */
  readonly unwritten: number;
}

const BLOCK_BYTES = 4_096;

function blocksOf(fileBytes: number): number {
  return Math.ceil(fileBytes / BLOCK_BYTES) * BLOCK_BYTES;
}

/** Writes that wait, at most; what comes then is not kept. */
const MOST_WAITING = 64;
/** After a write failed none is tried for so many reads of the store: a full disk stays full for a while. */
const PAUSE_READS = 200;
/** What a copy that was there at the start is taken to cost from the store, milliseconds. */
const ASSUMED_COST_MS = 15;

/**
 * Copies of artifacts on this machine's disk, between memory and the object store. Whatever goes wrong with the disk, the store is read: a copy is checked against its digest, and one that is damaged is
 * dropped. Copies outlive the process; what is used least for its bytes goes first. A copy costs some hundred bytes of memory.
 */
export class DiskTier implements Pick<ObjectStore, 'getBytes'> {
  /** By folder, which stands for the tenant: all are treated alike, and each has so few that none holds up the others. */
  private readonly index: EvictionIndex;
  private readonly table = new CopyTable();
  /** What is being found in each folder; undefined: nobody has looked yet. */
  private readonly listings = new Array<Promise<void> | undefined>(COPY_FOLDERS).fill(undefined);
  /** One after the other, so that no removal overtakes a write. */
  private readonly writes = new TaskQueue(1);
  private readonly stopwatch: () => number;
  private readonly bytesOnDisk: (fileBytes: number) => number;
  /** Names of copies that are to be written and were not forgotten since. */
  private readonly underWay = new Set<string>();
  private pause = 0;
  private isOpen = false;
  private counts = { hits: 0, misses: 0, damaged: 0, unwritten: 0 };

  constructor(private readonly options: DiskTierOptions) {
    this.index = new EvictionIndex({ maxBytes: options.maxBytes });
    this.bytesOnDisk = options.bytesOnDisk ?? blocksOf;
    this.stopwatch = options.stopwatch ?? (() => performance.now());
  }

  get state(): DiskState {
    return { bytes: this.index.bytes, ...this.counts };
  }

  /** Finds what the process before left, and removes what is too much; who reads meanwhile need not wait. Never fails: without the disk all comes from the store. */
  async open(): Promise<void> {
    try {
      for (const folder of await this.options.copies.folders()) await this.listed(folder);
    } catch (error) {
      this.options.logger.warn({ err: error }, 'the copies on disk can not be listed');
    }
    this.isOpen = true;
  }

  /** Whether there is a copy, as far as is known. */
  holds(tenantId: TenantId, digest: Digest): boolean {
    return this.table.find(this.options.copies.nameOf({ tenantId, digest })) >= 0;
  }

  /** The copy, or what the store holds, which is kept then. @throws what the store throws */
  async getBytes(tenantId: TenantId, digest: Digest, maxSizeBytes?: number): Promise<Buffer> {
    const of = { tenantId, digest };
    const name = this.options.copies.nameOf(of);
    if (!this.isOpen) await this.listed(this.options.copies.folderOf(name));
    const entry = this.table.find(name);
    const copy = entry < 0 ? undefined : await this.read(of, entry, maxSizeBytes);
    if (copy !== undefined) return copy;
    this.counts.misses += 1;
    const startedMs = this.stopwatch();
    const bytes = await this.options.store.getBytes(tenantId, digest, maxSizeBytes);
    this.keep(of, bytes, this.stopwatch() - startedMs);
    return bytes;
  }

  /** Drops the copy; never fails. */
  forget(tenantId: TenantId, digest: Digest): void {
    const name = this.options.copies.nameOf({ tenantId, digest });
    this.underWay.delete(name);
    const remove = (): void => {
      this.remove(this.table.find(name));
    };
    if (this.isOpen) remove();
    else void this.listed(this.options.copies.folderOf(name)).then(remove);
  }

  /** Resolves when all that is to be kept is written. */
  async idle(): Promise<void> {
    await this.writes.idle();
  }

  /** Finds what is in a folder, once. */
  private listed(folder: number): Promise<void> {
    return (this.listings[folder] ??= this.options.copies.list(folder).then(
      (files) => {
        for (const file of files) if (this.table.find(file.name) < 0) this.enter(file, ASSUMED_COST_MS);
      },
      (error: unknown) => {
        this.options.logger.warn({ err: error, folder }, 'copies on disk can not be listed');
      },
    ));
  }

  private async read(of: CopyOf, entry: number, maxSizeBytes?: number): Promise<Buffer | undefined> {
    const file = this.table.at(entry);
    const isStill = (): boolean => this.table.find(file.name) === entry;
    try {
      const bytes = await this.options.copies.read(of, file, maxSizeBytes);
      if (isStill()) this.index.touch(entry);
      this.counts.hits += 1;
      return bytes;
    } catch (error) {
      if (!isStill()) return undefined;
      this.counts.damaged += 1;
      this.options.logger.warn({ ...of, err: error }, 'a copy on disk can not be read');
      this.remove(entry);
      return undefined;
    }
  }

  /** In its own time: whoever asked has the bytes. */
  private keep(of: CopyOf, bytes: Buffer, costMs: number): void {
    const { copies, maxBytes } = this.options;
    const fileBytes = copies.fileBytesOf(bytes.length);
    if (this.pause > 0) this.pause -= 1;
    if (this.pause > 0 || this.bytesOnDisk(fileBytes) > maxBytes) return;
    const name = copies.nameOf(of);
    if (this.underWay.size >= MOST_WAITING || this.underWay.has(name)) return;
    this.underWay.add(name);
    this.writes.add(async () => {
      if (this.table.find(name) >= 0) return void this.underWay.delete(name);
      this.makeRoom({ name, fileBytes });
      const file = await this.write(of, bytes);
      const isKept = this.underWay.delete(name);
      if (file === undefined) return;
      // only now: who reads it before would find none, and take it for damaged
      if (isKept) this.enter(file, costMs);
      else await this.unlink(file);
    });
  }

  private async write(of: CopyOf, bytes: Buffer): Promise<CopyFile | undefined> {
    try {
      return await this.options.copies.write(of, bytes);
    } catch (error) {
      this.counts.unwritten += 1;
      this.pause = PAUSE_READS;
      this.options.logger.warn({ ...of, err: error }, 'a copy can not be written to the disk');
      return undefined;
    }
  }

  private enter(file: CopyFile, costMs: number): void {
    this.makeRoom(file);
    const folder = this.options.copies.folderOf(file.name);
    this.table.add(this.index.add(folder, this.bytesOnDisk(file.fileBytes), costMs), file);
  }

  private makeRoom({ name, fileBytes }: CopyFile): void {
    const bytes = this.bytesOnDisk(fileBytes);
    for (const gone of this.index.makeRoom(this.options.copies.folderOf(name), bytes)) this.drop(gone);
  }

  /** Takes an entry out, −1: none. */
  private remove(entry: number): void {
    if (entry < 0) return;
    this.index.remove(entry);
    this.drop(entry);
  }

  /** One that the index has let go. */
  private drop(entry: number): void {
    const file = this.table.at(entry);
    this.table.delete(entry);
    this.writes.add(() => this.unlink(file));
  }

  private async unlink(file: CopyFile): Promise<void> {
    try {
      await this.options.copies.delete(file);
    } catch (error) {
      this.options.logger.warn({ file: file.name, err: error }, 'a copy on disk can not be removed');
    }
  }
}
