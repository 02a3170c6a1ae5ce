import type { Digest } from '@myriad/kernel';

const FIRST_SLOTS = 1_024;

/**
 * Remembers pairs of digests in 8 bytes each, by 64 bits of theirs: of a million pairs two look alike with a probability of 1 in 30 million.
 * Open addressing; never more than half full.
 */
export class DigestSet {
  /** Two words a slot; both 0 where it is free. */
  private words = new Uint32Array(2 * FIRST_SLOTS);
  private count = 0;

  get size(): number {
    return this.count;
  }

  has(a: Digest, b: Digest): boolean {
    const [high, low] = wordsOf(a, b);
    return this.words[this.slotOf(high, low) + 1] !== 0;
  }

  add(a: Digest, b: Digest): void {
    const [high, low] = wordsOf(a, b);
    if (!this.put(high, low)) return;
    this.count += 1;
    if (this.count * 4 > this.words.length) this.grow();
  }

  private put(high: number, low: number): boolean {
    const slot = this.slotOf(high, low);
    if (this.words[slot + 1] !== 0) return false;
    this.words[slot] = high;
    this.words[slot + 1] = low;
    return true;
  }

  /** Index of the first word of the pair's slot, or of the free one where it would go. */
  private slotOf(high: number, low: number): number {
    const { words } = this;
    const mask = words.length - 1;
    let slot = (2 * high) & mask;
    while (words[slot + 1] !== 0 && (words[slot] !== high || words[slot + 1] !== low)) slot = (slot + 2) & mask;
    return slot;
  }

  private grow(): void {
    const before = this.words;
    this.words = new Uint32Array(2 * before.length);
    for (let slot = 0; slot < before.length; slot += 2) {
      const [high = 0, low = 0] = before.subarray(slot, slot + 2);
      if (low !== 0) this.put(high, low);
    }
  }
}

/** 64 bits of both; the second word is never 0. */
function wordsOf(a: Digest, b: Digest): [high: number, low: number] {
  const word = (digest: Digest, at: number): number => parseInt(digest.slice(at, at + 8), 16);
  const start = 'sha256:'.length;
  const high = (word(a, start) ^ word(b, start)) >>> 0;
  const low = (word(a, start + 8) ^ word(b, start + 8)) >>> 0;
  return [high, low || 1];
}
