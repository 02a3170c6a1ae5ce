/** Pools that can be told apart. */
const MOST_POOLS = 65_536;

/**
 * Which pool serves each model: a million of them in some hundred bytes each, most of that the key. An entry is one number, generation × {@link MOST_POOLS} + number of the pool,
 * for objects or strings of their own would be as large again.
 */
export class PlacedModels {
  private readonly entries = new Map<string, number>();
  private readonly pools: string[] = [];
  private readonly numbers = new Map<string, number>();

  get size(): number {
    return this.entries.size;
  }

  /** What is older than what is known changes nothing. @param pool empty when the model is served no more */
  set(key: string, pool: string, generation: number): void {
    const known = this.entries.get(key);
    if (known !== undefined && Math.floor(known / MOST_POOLS) > generation) return;
    this.entries.set(key, generation * MOST_POOLS + this.numberOf(pool));
  }

  /** The pool; empty or undefined when none serves the model. */
  poolOf(key: string): string | undefined {
    const entry = this.entries.get(key);
    return entry === undefined ? undefined : this.pools[entry % MOST_POOLS];
  }

  /** @throws {RangeError} when there are too many pools */
  private numberOf(pool: string): number {
    let number = this.numbers.get(pool);
    if (number !== undefined) return number;
    number = this.pools.length;
    if (number >= MOST_POOLS) throw new RangeError(`there are more than ${MOST_POOLS} pools`);
    this.pools.push(pool);
    this.numbers.set(pool, number);
    return number;
  }
}
