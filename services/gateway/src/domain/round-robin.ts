/** Takes turns. */
export class RoundRobin<T> {
  private next = 0;

  constructor(private readonly items: readonly T[]) {}

  get size(): number {
    return this.items.length;
  }

  /** undefined when there is none. */
  take(): T | undefined {
    const item = this.items[this.next];
    this.next = (this.next + 1) % Math.max(1, this.items.length);
    return item;
  }
}
