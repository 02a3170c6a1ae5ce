import { grown } from './grown.js';

/** Where the items of several heaps stand, −1 for those in none: an item is in one of them at most. */
export class HeapPlaces {
  private places = new Int32Array(0);

  /** Makes room for items below `capacity`. */
  grow(capacity: number): void {
    const before = this.places.length;
    this.places = grown(this.places, capacity).fill(-1, before);
  }

  of(item: number): number {
    return this.places[item] as number;
  }

  set(item: number, place: number): void {
    this.places[item] = place;
  }
}

/** A binary min-heap of numbered items that are found by their number, so that any of them can move or leave in O(log n). */
export class IndexedHeap {
  private readonly items: number[] = [];

  constructor(
    private readonly places: HeapPlaces,
    private readonly isBefore: (a: number, b: number) => boolean,
  ) {}

  get size(): number {
    return this.items.length;
  }

  /** −1 when it is empty. */
  get top(): number {
    return this.items[0] ?? -1;
  }

  push(item: number): void {
    this.items.push(item);
    this.rise(item, this.items.length - 1);
  }

  /** Finds the item's place again after what it is ordered by changed. */
  update(item: number): void {
    this.sink(item, this.rise(item, this.places.of(item)));
  }

  remove(item: number): void {
    const at = this.places.of(item);
    this.places.set(item, -1);
    const last = this.items.pop() as number;
    if (last !== item) this.sink(last, this.rise(last, at));
  }

  private place(item: number, at: number): void {
    this.items[at] = item;
    this.places.set(item, at);
  }

  /** Puts the item at `from` or above it. Where it is then. */
  private rise(item: number, from: number): number {
    let at = from;
    while (at > 0) {
      const above = this.items[(at - 1) >> 1] as number;
      if (!this.isBefore(item, above)) break;
      this.place(above, at);
      at = (at - 1) >> 1;
    }
    this.place(item, at);
    return at;
  }

  private sink(item: number, from: number): void {
    let at = from;
    for (;;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      if (left >= this.items.length) break;
      const isRight =
        right < this.items.length && this.isBefore(this.items[right] as number, this.items[left] as number);
      const child = isRight ? right : left;
      const below = this.items[child] as number;
      if (!this.isBefore(below, item)) break;
      this.place(below, at);
      at = child;
    }
    this.place(item, at);
  }
}
