import type { CopyFile } from '@myriad/storage';
import { grown } from '../domain/grown.js';

const WORDS = 4;
const DIGITS = 8;
const NONE = -1;

/** Which copies there are, by their names and by numbers of the caller's: some thirty bytes each in a few typed arrays. Open addressing, half full at most. */
export class CopyTable {
  /** 128 bits of each entry's name. */
  private words = new Uint32Array(64 * WORDS);
  private sizes = new Float64Array(64);
  private slots = new Int32Array(128).fill(NONE);
  private count = 0;

  /** The entry of that name, −1 when there is none. */
  find(name: string): number {
    return this.slots[this.slotOf(wordsOf(name))] as number;
  }

  at(entry: number): CopyFile {
    const start = entry * WORDS;
    const words = [...this.words.subarray(start, start + WORDS)];
    const name = words.map((word) => word.toString(16).padStart(DIGITS, '0')).join('');
    return { name, fileBytes: this.sizes[entry] as number };
  }

  /** There must be none of its name. */
  add(entry: number, { name, fileBytes }: CopyFile): void {
    const words = wordsOf(name);
    this.words = grown(this.words, (entry + 1) * WORDS - 1);
    this.sizes = grown(this.sizes, entry);
    this.words.set(words, entry * WORDS);
    this.sizes[entry] = fileBytes;
    this.count += 1;
    if (2 * this.count > this.slots.length) this.rehash();
    this.slots[this.slotOf(words)] = entry;
  }

  delete(entry: number): void {
    const mask = this.slots.length - 1;
    let hole = this.slotOf(this.words.subarray(entry * WORDS, (entry + 1) * WORDS));
    this.count -= 1;
    // what stands behind the hole because its own place was taken moves up
    for (let at = (hole + 1) & mask; this.slots[at] !== NONE; at = (at + 1) & mask) {
      const home = (this.words[(this.slots[at] as number) * WORDS] as number) & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      this.slots[hole] = this.slots[at] as number;
      hole = at;
    }
    this.slots[hole] = NONE;
  }

  /** Where the name stands, or would. */
  private slotOf(words: ArrayLike<number>): number {
    const mask = this.slots.length - 1;
    let slot = (words[0] as number) & mask;
    while (this.slots[slot] !== NONE && !this.is(this.slots[slot] as number, words)) slot = (slot + 1) & mask;
    return slot;
  }

  private is(entry: number, words: ArrayLike<number>): boolean {
    for (let at = 0; at < WORDS; at += 1) if (this.words[entry * WORDS + at] !== words[at]) return false;
    return true;
  }

  private rehash(): void {
    const before = this.slots;
    this.slots = new Int32Array(2 * before.length).fill(NONE);
    for (const entry of before)
      if (entry !== NONE) this.slots[this.slotOf(this.words.subarray(entry * WORDS, (entry + 1) * WORDS))] = entry;
  }
}

/** The words of 32 hex digits. Names are hashes, so the first is the hash of the table. */
function wordsOf(name: string): readonly number[] {
  return Array.from({ length: WORDS }, (_none, at) => parseInt(name.slice(at * DIGITS, (at + 1) * DIGITS), 16));
}
