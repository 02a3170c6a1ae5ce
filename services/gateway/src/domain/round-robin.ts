/** Takes turns. */
export class RoundRobin<T> {
  private next = 0;

  constructor(private readonly items: readonly T[]) {}

  get size(): number {
    return this.items.length;
  }

  /** The next of those with the lowest `rank`; undefined when there is none. */
  take(rank: (item: T) => number = () => 0): T | undefined {
    const inTurn = [...this.items.slice(this.next), ...this.items.slice(0, this.next)];
    const ranks = inTurn.map(rank);
    const at = ranks.indexOf(Math.min(...ranks));
    if (at < 0) return undefined;
    this.next = (this.next + at + 1) % this.items.length;
    return inTurn[at];
  }
}
