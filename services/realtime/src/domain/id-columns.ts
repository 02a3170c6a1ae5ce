import type { Digest } from '@myriad/kernel';
import { grown } from './grown.js';

const ID_BYTES = 16;
const IDS_PER_BLOCK = 65_536;
/** What `newId` of the kernel makes. */
const REGULAR = /^([a-z]{2,12}_)[0-9a-f]{32}$/;
const MOST_PREFIXES = 255;

/** Ids by row: those of the platform's own form as 16 bytes and their prefix's number, others as they are. */
export class IdColumn {
  private readonly prefixes: string[] = [];
  /** 0: an id of another form, else one more than the number of its prefix. */
  private prefixOf = new Uint8Array(64);
  private readonly blocks: Buffer[] = [];
  private readonly irregular = new Map<number, string>();

  write(row: number, id: string): void {
    this.prefixOf = grown(this.prefixOf, row);
    this.irregular.delete(row);
    const prefix = this.prefixNumber(id);
    this.prefixOf[row] = prefix;
    if (prefix === 0) {
      this.irregular.set(row, id);
      return;
    }
    this.blockOf(row).write(id.slice(-2 * ID_BYTES), (row % IDS_PER_BLOCK) * ID_BYTES, ID_BYTES, 'hex');
  }

  /** As {@link write}, of an id of the platform's form that lies as its prefix and 16 bytes. */
  writeBytes(row: number, bytes: Buffer, start: number, length: number): void {
    const prefixEnd = start + length - ID_BYTES;
    const prefix = this.prefixAt(bytes, start, prefixEnd);
    if (prefix === 0) {
      this.write(
        row,
        `${bytes.toString('latin1', start, prefixEnd)}${bytes.toString('hex', prefixEnd, prefixEnd + ID_BYTES)}`,
      );
      return;
    }
    this.prefixOf = grown(this.prefixOf, row);
    this.irregular.delete(row);
    this.prefixOf[row] = prefix;
    bytes.copy(this.blockOf(row), (row % IDS_PER_BLOCK) * ID_BYTES, prefixEnd, prefixEnd + ID_BYTES);
  }

  read(row: number): string {
    const prefix = this.prefixOf[row] as number;
    if (prefix === 0) return this.irregular.get(row) ?? '';
    const block = this.blocks[Math.floor(row / IDS_PER_BLOCK)] as Buffer;
    const start = (row % IDS_PER_BLOCK) * ID_BYTES;
    return `${this.prefixes[prefix - 1] as string}${block.toString('hex', start, start + ID_BYTES)}`;
  }

  remove(row: number): void {
    this.irregular.delete(row);
  }

  private blockOf(row: number): Buffer {
    return (this.blocks[Math.floor(row / IDS_PER_BLOCK)] ??= Buffer.alloc(IDS_PER_BLOCK * ID_BYTES));
  }

  /** The number of a prefix that is known; 0 for none. */
  private prefixAt(bytes: Buffer, start: number, end: number): number {
    return this.prefixes.findIndex((prefix) => isText(bytes, start, end, prefix)) + 1;
  }

  private prefixNumber(id: string): number {
    const prefix = REGULAR.exec(id)?.[1];
    if (prefix === undefined) return 0;
    const known = this.prefixes.indexOf(prefix);
    if (known >= 0) return known + 1;
    return this.prefixes.length < MOST_PREFIXES ? this.prefixes.push(prefix) : 0;
  }
}

function isText(bytes: Buffer, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let at = 0; at < text.length; at += 1) if (bytes[start + at] !== text.charCodeAt(at)) return false;
  return true;
}

const ALGORITHM = 'sha256:';

const DIGEST_BYTES = 32;
const DIGESTS_PER_BLOCK = 16_384;

/** Digests by row as their 32 bytes, in blocks, so that growing copies nothing; where none was written there is no block. */
export class DigestColumn {
  private readonly blocks: Buffer[] = [];

  write(row: number, digest: Digest): void {
    this.blockOf(row).write(digest.slice(ALGORITHM.length), startOf(row), DIGEST_BYTES, 'hex');
  }

  /** As {@link write}, of a digest that lies as its bytes. */
  writeBytes(row: number, bytes: Buffer, start: number): void {
    bytes.copy(this.blockOf(row), startOf(row), start, start + DIGEST_BYTES);
  }

  /** The digest that was written for the row last. */
  read(row: number): Digest {
    const start = startOf(row);
    return `${ALGORITHM}${this.blockOf(row).toString('hex', start, start + DIGEST_BYTES)}`;
  }

  private blockOf(row: number): Buffer {
    return (this.blocks[Math.floor(row / DIGESTS_PER_BLOCK)] ??= Buffer.alloc(DIGESTS_PER_BLOCK * DIGEST_BYTES));
  }
}

function startOf(row: number): number {
  return (row % DIGESTS_PER_BLOCK) * DIGEST_BYTES;
}
