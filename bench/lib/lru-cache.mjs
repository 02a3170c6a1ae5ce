/** The least recently used goes first, whatever it costs to bring back. */
export class LruCache {
  entries = new Map();
  bytes = 0;

  constructor(maxBytes) {
    this.maxBytes = maxBytes;
  }

  /** Whether it was there; it is now. */
  ask(key, bytes) {
    const isHit = this.entries.delete(key);
    this.entries.set(key, bytes);
    if (isHit) return true;
    this.bytes += bytes;
    for (const [oldest, size] of this.entries) {
      if (this.bytes <= this.maxBytes) break;
      this.entries.delete(oldest);
      this.bytes -= size;
    }
    return false;
  }
}
