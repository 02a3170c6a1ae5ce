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
    const number = this.count;
    this.places = grown(this.places, number);
    this.scopes = grown(this.scopes, number);
    this.places[number] = this.write(text);
    this.scopes[number] = scope;
    this.count += 1;
    this.slots[slot] = number;
    if (2 * this.count > this.slots.length) this.rehash();
    return number;
  }

  textOf(number: number): string {
    const [page, start, length] = this.lookUp(number);
    return page.toString('latin1', start, start + length);
  }

  scopeOf(number: number): number {
    return this.scopes[number] as number;
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
    if (this.free + 1 + text.length > PAGE_BYTES) {
      this.pages.push(Buffer.alloc(PAGE_BYTES));
      this.free = 0;
    }
    const page = this.pages.at(-1) as Buffer;
    const place = (this.pages.length - 1) * PAGE_BYTES + this.free;
    page[this.free] = text.length;
    page.write(text, this.free + 1, 'latin1');
    this.free += 1 + text.length;
    return place;
  }

  private rehash(): void {
    this.slots = new Int32Array(2 * this.slots.length).fill(NONE);
    for (let number = 0; number < this.count; number += 1)
      this.slots[this.slotOf(this.textOf(number), this.scopes[number] as number)] = number;
  }
}

/** FNV-1a over the scope and the UTF-16 units, with the finalizer of MurmurHash3. */
function hashOf(text: string, scope: number): number {
  let hash = Math.imul(0x811c9dc5 ^ scope, 0x01000193);
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
