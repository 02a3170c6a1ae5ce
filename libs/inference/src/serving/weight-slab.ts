import { WeightMemory } from '../kernels/frame.js';

/** Where a record lies. */
export interface Slot {
  readonly memory: WeightMemory;
  /** Byte offset, a multiple of 8. */
  readonly start: number;
}

const PAGE_BYTES = 4 * 1_048_576;
const MIN_SLOT = 16;
/** Size classes in a doubling: a slot is at most 1/8 larger than its record. */
const STEPS = 8;
/** Up to here a slot is at most 7 bytes larger: of the smallest models there are most. */
const MAX_EXACT = 256;
/** Larger records get memory of their own. */
const MAX_SLOT = PAGE_BYTES / 8;

interface Page {
  readonly memory: WeightMemory;
  readonly slotBytes: number;
  /** Slots handed out at least once. */
  used: number;
  live: number;
  /** First of the freed slots; each holds the number of the next in its first word. −1: none. */
  firstFree: number;
}

/** The slot size for a record: a multiple of 8 in classes of an eighth of a doubling. */
export function slotBytesFor(sizeBytes: number): number {
  if (sizeBytes <= MIN_SLOT) return MIN_SLOT;
  if (sizeBytes <= MAX_EXACT) return Math.ceil(sizeBytes / 8) * 8;
  const step = Math.max(8, 2 ** (Math.ceil(Math.log2(sizeBytes)) - 1) / STEPS);
  return Math.ceil(sizeBytes / step) * step;
}

/**
 * Records of many models in few large buffers outside of the heap. A slot is two numbers (page, start), kept in typed arrays by handle: no object a model. Freed slots are taken again by
 * records of about the same size, and a page without a live record is given back.
 */
export class WeightSlab {
  private readonly pages: (Page | undefined)[] = [];
  private readonly freePages: number[] = [];
  /** Pages of a slot size that have room. */
  private readonly open = new Map<number, number[]>();
  private pageOf = new Int32Array(1024).fill(-1);
  private startOf = new Uint32Array(1024);
  private readonly freeHandles: number[] = [];
  private handles = 0;
  private reserved = 0;

  /** Bytes of all pages. */
  get reservedBytes(): number {
    return this.reserved + this.pageOf.byteLength + this.startOf.byteLength;
  }

  /** Stores a record and gives its handle. */
  add(record: Uint8Array): number {
    const slotBytes = slotBytesFor(record.length);
    const number = this.pageFor(slotBytes);
    const page = this.pages[number] as Page;
    const start = takeSlot(page);
    page.live += 1;
    if (isFull(page)) this.close(number, page);
    page.memory.u8.set(record, start);
    const handle = this.freeHandles.pop() ?? this.newHandle();
    this.pageOf[handle] = number;
    this.startOf[handle] = start;
    return handle;
  }

  /** Bytes that a record takes here. */
  sizeBytes(handle: number): number {
    return this.page(handle).slotBytes;
  }

  memory(handle: number): WeightMemory {
    return this.page(handle).memory;
  }

  start(handle: number): number {
    return this.startOf[handle] as number;
  }

  /** Frees a record; its handle may come again for another. */
  remove(handle: number): void {
    const page = this.page(handle);
    const number = this.pageOf[handle] as number;
    const wasFull = isFull(page);
    const start = this.startOf[handle] as number;
    page.memory.i32[start >> 2] = page.firstFree;
    page.firstFree = start / page.slotBytes;
    page.live -= 1;
    this.pageOf[handle] = -1;
    this.freeHandles.push(handle);
    if (page.live === 0) this.drop(number, page, wasFull);
    else if (wasFull) this.openPages(page.slotBytes).push(number);
  }

  private page(handle: number): Page {
    const page = this.pages[this.pageOf[handle] ?? -1];
    if (page === undefined) throw new RangeError(`no record has handle ${handle}`);
    return page;
  }

  private openPages(slotBytes: number): number[] {
    let pages = this.open.get(slotBytes);
    if (pages === undefined) this.open.set(slotBytes, (pages = []));
    return pages;
  }

  private pageFor(slotBytes: number): number {
    const pages = this.openPages(slotBytes);
    const last = pages.at(-1);
    if (last !== undefined) return last;
    // a first page may stay almost empty: it is smaller where records are
    const bytes = slotBytes > MAX_SLOT ? slotBytes : Math.min(PAGE_BYTES, Math.max(65_536, slotBytes * 64));
    const isLater = [...this.pages].some((page) => page?.slotBytes === slotBytes);
    const size = isLater && slotBytes <= MAX_SLOT ? PAGE_BYTES : bytes;
    const memory = new WeightMemory(new ArrayBuffer(Math.ceil(size / 8) * 8));
    this.reserved += memory.u8.length;
    const number = this.freePages.pop() ?? this.pages.length;
    this.pages[number] = { memory, slotBytes, used: 0, live: 0, firstFree: -1 };
    pages.push(number);
    return number;
  }

  private close(number: number, page: Page): void {
    const pages = this.openPages(page.slotBytes);
    pages.splice(pages.indexOf(number), 1);
  }

  private drop(number: number, page: Page, wasFull: boolean): void {
    if (!wasFull) this.close(number, page);
    this.reserved -= page.memory.u8.length;
    this.pages[number] = undefined;
    this.freePages.push(number);
  }

  private newHandle(): number {
    if (this.handles === this.pageOf.length) {
      const [pages, starts] = [new Int32Array(2 * this.handles).fill(-1), new Uint32Array(2 * this.handles)];
      pages.set(this.pageOf);
      starts.set(this.startOf);
      this.pageOf = pages;
      this.startOf = starts;
    }
    return this.handles++;
  }
}

function isFull(page: Page): boolean {
  return page.firstFree === -1 && (page.used + 1) * page.slotBytes > page.memory.u8.length;
}

function takeSlot(page: Page): number {
  if (page.firstFree === -1) {
    const start = page.used * page.slotBytes;
    page.used += 1;
    return start;
  }
  const start = page.firstFree * page.slotBytes;
  page.firstFree = page.memory.i32[start >> 2] as number;
  return start;
}
