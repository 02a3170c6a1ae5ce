import { grown } from './grown.js';

const PAGE_BYTES = 1_048_576;
const NONE = -1;

/**
 * Short texts, each with a number: 0, 1, 2 … in the order in which they came. A text costs its characters and some twenty bytes in a few large buffers, where an entry of a `Map` costs a hundred and more
 * on the heap. The same text may stand in several scopes. Nothing is ever taken out.
 */
export class TextTable {
  /** Texts as a byte of length and a byte a character; none goes across pages. */
  private readonly pages: Buffer[] = [];
  private free = PAGE_BYTES;
  private places = new Uint32Array(64);
  private scopes = new Int32Array(64);
  /** Numbers by hash, open addressing, half full at most. */
  private slots = new Int32Array(128).fill(NONE);
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** The text's number in the scope, −1 when it has none. */
  find(text: string, scope = 0): number {
    return this.slots[this.slotOf(text, scope)] as number;
  }

  /** The text's number in the scope, a new one when it had none. @throws {RangeError} beyond 255 characters, or with one beyond U+00FF. */
  intern(text: string, scope = 0): number {
    const slot = this.slotOf(text, scope);
    const known = this.slots[slot] as number;
    if (known !== NONE) return known;
    return this.enter(slot, this.write(text), scope);
  }

  /** As {@link intern}, of a text that lies as bytes, a byte a character. At most 255 of them. */
  internBytes(bytes: Buffer, start: number, length: number, scope = 0): number {
    const mask = this.slots.length - 1;
    let slot = hashOfBytes(bytes, start, length, scope) & mask;
    for (;;) {
      const number = this.slots[slot] as number;
      if (number === NONE) break;
      if (this.scopes[number] === scope && this.isBytes(number, bytes, start, length)) return number;
      slot = (slot + 1) & mask;
    }
    const place = this.reserve(length);
    bytes.copy(this.pages.at(-1) as Buffer, (place % PAGE_BYTES) + 1, start, start + length);
    return this.enter(slot, place, scope);
  }

  textOf(number: number): string {
    const [page, start, length] = this.lookUp(number);
    return page.toString('latin1', start, start + length);
  }

  scopeOf(number: number): number {
    return this.scopes[number] as number;
  }

  private enter(slot: number, place: number, scope: number): number {
    const number = this.count;
    this.places = grown(this.places, number);
    this.scopes = grown(this.scopes, number);
    this.places[number] = place;
    this.scopes[number] = scope;
    this.count += 1;
    this.slots[slot] = number;
    if (2 * this.count > this.slots.length) this.rehash();
    return number;
  }

  /** Where the text's number stands, or would. */
  private slotOf(text: string, scope: number): number {
    const mask = this.slots.length - 1;
    let slot = hashOf(text, scope) & mask;
    for (;;) {
      const number = this.slots[slot] as number;
      if (number === NONE || (this.scopes[number] === scope && this.is(number, text))) return slot;
      slot = (slot + 1) & mask;
    }
  }

  private is(number: number, text: string): boolean {
    const place = this.places[number] as number;
    const page = this.pages[Math.floor(place / PAGE_BYTES)] as Buffer;
    const start = place % PAGE_BYTES;
    if (page[start] !== text.length) return false;
    for (let at = 0; at < text.length; at += 1) if (page[start + 1 + at] !== text.charCodeAt(at)) return false;
    return true;
  }

  private isBytes(number: number, bytes: Buffer, from: number, length: number): boolean {
    const [page, start, known] = this.lookUp(number);
    if (known !== length) return false;
    for (let at = 0; at < length; at += 1) if (page[start + at] !== bytes[from + at]) return false;
    return true;
  }

  private lookUp(number: number): readonly [page: Buffer, start: number, length: number] {
    const place = this.places[number] as number;
    const page = this.pages[Math.floor(place / PAGE_BYTES)] as Buffer;
    const start = place % PAGE_BYTES;
    return [page, start + 1, page[start] as number];
  }

  private write(text: string): number {
    if (text.length > 255) throw new RangeError(`a text of ${text.length} characters is too long for the table`);
    for (let at = 0; at < text.length; at += 1)
      if (text.charCodeAt(at) > 255) throw new RangeError(`'${text}' has a character beyond U+00FF`);
    const place = this.reserve(text.length);
    (this.pages.at(-1) as Buffer).write(text, (place % PAGE_BYTES) + 1, 'latin1');
    return place;
  }

  /** A place in the last page for a text of so many characters, with its length written. */
  private reserve(length: number): number {
    if (this.free + 1 + length > PAGE_BYTES) {
      this.pages.push(Buffer.alloc(PAGE_BYTES));
      this.free = 0;
    }
    const place = (this.pages.length - 1) * PAGE_BYTES + this.free;
    (this.pages.at(-1) as Buffer)[this.free] = length;
    this.free += 1 + length;
    return place;
  }

  /** All texts differ: each goes to the first free slot of its hash. */
  private rehash(): void {
    const mask = 2 * this.slots.length - 1;
    this.slots = new Int32Array(mask + 1).fill(NONE);
    for (let number = 0; number < this.count; number += 1) {
      const [page, start, length] = this.lookUp(number);
      let slot = hashOfBytes(page, start, length, this.scopes[number] as number) & mask;
      while (this.slots[slot] !== NONE) slot = (slot + 1) & mask;
      this.slots[slot] = number;
    }
  }
}

/** FNV-1a over the scope and the characters, with the finalizer of MurmurHash3. */
function hashOf(text: string, scope: number): number {
  let hash = Math.imul(0x811c9dc5 ^ scope, 0x01000193);
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return finished(hash);
}

function hashOfBytes(bytes: Buffer, start: number, length: number, scope: number): number {
  let hash = Math.imul(0x811c9dc5 ^ scope, 0x01000193);
  for (let at = start; at < start + length; at += 1) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  return finished(hash);
}

function finished(mixed: number): number {
  let hash = mixed;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
