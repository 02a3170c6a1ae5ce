/** What stands in an {@link IndexedHeap}; −1 while it does not. */
export interface HeapItem {
  at: number;
}

/** A binary min-heap whose items know where they stand, so that any of them can move or leave in O(log n). */
export class IndexedHeap<T extends HeapItem> {
  private readonly items: T[] = [];

  constructor(private readonly isBefore: (a: T, b: T) => boolean) {}

  get size(): number {
    return this.items.length;
  }

  get top(): T | undefined {
    return this.items[0];
  }

  push(item: T): void {
    this.place(item, this.items.length);
    this.rise(item);
  }

  /** Finds the item's place again after what it is ordered by changed. */
  update(item: T): void {
    this.rise(item);
    this.sink(item);
  }

  remove(item: T): void {
    const last = this.items.pop();
    const { at } = item;
    item.at = -1;
    if (last === undefined || last === item) return;
    this.place(last, at);
    this.update(last);
  }

  private place(item: T, at: number): void {
    this.items[at] = item;
    item.at = at;
  }

  private rise(item: T): void {
    while (item.at > 0) {
      const above = this.items[(item.at - 1) >> 1] as T;
      if (!this.isBefore(item, above)) return;
      const { at } = item;
      this.place(item, above.at);
      this.place(above, at);
    }
  }

  private sink(item: T): void {
    for (;;) {
      const [left, right] = [this.items[2 * item.at + 1], this.items[2 * item.at + 2]];
      const below = right !== undefined && left !== undefined && this.isBefore(right, left) ? right : left;
      if (below === undefined || !this.isBefore(below, item)) return;
      const { at } = item;
      this.place(item, below.at);
      this.place(below, at);
    }
  }
}
