import { EvictionIndex } from '@myriad/placement';
import type { Digest, TenantId } from '@myriad/kernel';
import type { ObjectStore } from '@myriad/storage';
import type { Logger } from '@myriad/telemetry';
import { TaskQueue } from './task-queue.js';

export interface DiskTierOptions {
  readonly store: Pick<ObjectStore, 'getBytes'>;
  /** Where copies lie on this machine; checks what it reads as the store does. */
  readonly copies: Pick<ObjectStore, 'getBytes' | 'put' | 'delete' | 'tenants' | 'list'>;
  /** Bytes of all copies on disk, at most. */
  readonly maxBytes: number;
  /** What a copy takes on disk, bytes; default blocks of 4 KiB, sealed. */
  readonly bytesOnDisk?: (sizeBytes: number) => number;
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
/** Header and tag of a sealed object of one segment. */
const SEAL_BYTES = 544;

function blocksOf(sizeBytes: number): number {
  return Math.ceil((sizeBytes + SEAL_BYTES) / BLOCK_BYTES) * BLOCK_BYTES;
}

interface Copy {
  readonly tenantId: TenantId;
  readonly digest: Digest;
  readonly entry: number;
}

/** Writes that wait, at most; what comes then is not kept. */
const MOST_WAITING = 64;
/** After a write failed none is tried for so many reads of the store: a full disk stays full for a while. */
const PAUSE_READS = 200;
/** What a copy that was there at the start is taken to cost from the store, milliseconds. */
const ASSUMED_COST_MS = 15;

/**
 * Copies of artifacts on this machine's disk, between memory and the object store. Whatever goes wrong with the disk, the store is read: a copy is checked against its digest, and one that is damaged is
 * dropped. Copies outlive the process; what is used least for its bytes goes first.
 */
export class DiskTier implements Pick<ObjectStore, 'getBytes'> {
  private readonly index: EvictionIndex;
  private readonly copies = new Map<string, Copy>();
  /** Keys of the copies by their numbers in the index. */
  private readonly keys: string[] = [];
  /** One after the other, so that no removal overtakes a write. */
  private readonly writes = new TaskQueue(1);
  private readonly stopwatch: () => number;
  private readonly bytesOnDisk: (sizeBytes: number) => number;
  /** Keys of copies that are to be written and were not forgotten since. */
  private readonly underWay = new Set<string>();
  private pause = 0;
  /** Until the copies of the process before are known, any may be there. */
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

  /** Finds what the process before left, and removes what is too much. Never fails: without the disk all comes from the store. */
  async open(): Promise<void> {
    try {
      for await (const tenantId of this.options.copies.tenants())
        for await (const { digest, sizeBytes } of this.options.copies.list(tenantId))
          if (!this.holds(tenantId, digest)) this.enter(tenantId, digest, { sizeBytes, costMs: ASSUMED_COST_MS });
    } catch (error) {
      this.options.logger.warn({ err: error }, 'the copies on disk can not be listed');
    }
    this.isOpen = true;
  }

  /** Whether there is a copy, as far as is known. */
  holds(tenantId: TenantId, digest: Digest): boolean {
    return this.copies.has(keyOf(tenantId, digest));
  }

  /** The copy, or what the store holds, which is kept then. @throws what the store throws */
  async getBytes(tenantId: TenantId, digest: Digest, maxSizeBytes?: number): Promise<Buffer> {
    const copy = await this.read(tenantId, digest, maxSizeBytes);
    if (copy !== undefined) return copy;
    this.counts.misses += 1;
    const startedMs = this.stopwatch();
    const bytes = await this.options.store.getBytes(tenantId, digest, maxSizeBytes);
    this.keep(tenantId, digest, bytes, this.stopwatch() - startedMs);
    return bytes;
  }

  /** Drops the copy; never fails. */
  forget(tenantId: TenantId, digest: Digest): void {
    const copy = this.copies.get(keyOf(tenantId, digest));
    if (copy !== undefined) this.index.remove(copy.entry);
    this.underWay.delete(keyOf(tenantId, digest));
    this.drop(tenantId, digest);
  }

  /** Resolves when all that is to be kept is written. */
  async idle(): Promise<void> {
    await this.writes.idle();
  }

  private async read(tenantId: TenantId, digest: Digest, maxSizeBytes?: number): Promise<Buffer | undefined> {
    const copy = this.copies.get(keyOf(tenantId, digest));
    if (copy === undefined && this.isOpen) return undefined;
    try {
      const bytes = await this.options.copies.getBytes(tenantId, digest, maxSizeBytes);
      if (this.copies.get(keyOf(tenantId, digest)) === copy && copy !== undefined) this.index.touch(copy.entry);
      this.counts.hits += 1;
      return bytes;
    } catch (error) {
      if (copy === undefined) return undefined;
      this.counts.damaged += 1;
      this.options.logger.warn({ tenantId, digest, err: error }, 'a copy on disk can not be read');
      this.forget(tenantId, digest);
      return undefined;
    }
  }

  /** In its own time: whoever asked has the bytes. */
  private keep(tenantId: TenantId, digest: Digest, bytes: Buffer, costMs: number): void {
    if (this.pause > 0) this.pause -= 1;
    if (this.pause > 0 || this.bytesOnDisk(bytes.length) > this.options.maxBytes) return;
    const key = keyOf(tenantId, digest);
    if (this.underWay.size >= MOST_WAITING || this.underWay.has(key)) return;
    this.underWay.add(key);
    this.writes.add(async () => {
      if (this.holds(tenantId, digest)) return void this.underWay.delete(key);
      this.makeRoom(tenantId, bytes.length);
      try {
        await this.options.copies.put(tenantId, bytes, { expectedDigest: digest });
      } catch (error) {
        this.counts.unwritten += 1;
        this.pause = PAUSE_READS;
        this.options.logger.warn({ tenantId, digest, err: error }, 'a copy can not be written to the disk');
        this.forget(tenantId, digest);
        return;
      }
      if (!this.underWay.delete(key)) return;
      // only now: who reads it before would find none, and take it for damaged
      this.enter(tenantId, digest, { sizeBytes: bytes.length, costMs });
    });
  }

  private enter(
    tenantId: TenantId,
    digest: Digest,
    { sizeBytes, costMs }: { sizeBytes: number; costMs: number },
  ): void {
    this.makeRoom(tenantId, sizeBytes);
    const entry = this.index.add(tenantId, this.bytesOnDisk(sizeBytes), costMs);
    const key = keyOf(tenantId, digest);
    this.keys[entry] = key;
    this.copies.set(key, { tenantId, digest, entry });
  }

  private makeRoom(tenantId: TenantId, sizeBytes: number): void {
    for (const gone of this.index.makeRoom(tenantId, this.bytesOnDisk(sizeBytes))) {
      const copy = this.copies.get(this.keys[gone] ?? '');
      if (copy !== undefined) this.drop(copy.tenantId, copy.digest);
    }
  }

  private drop(tenantId: TenantId, digest: Digest): void {
    this.copies.delete(keyOf(tenantId, digest));
    this.writes.add(() =>
      this.options.copies.delete(tenantId, digest).catch((error: unknown) => {
        this.options.logger.warn({ tenantId, digest, err: error }, 'a copy on disk can not be removed');
      }),
    );
  }
}

function keyOf(tenantId: TenantId, digest: Digest): string {
  return `${tenantId}/${digest}`;
}
