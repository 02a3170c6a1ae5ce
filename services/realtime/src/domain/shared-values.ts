/** Values that many have in common, kept once for as long as somebody has them. */
export class SharedValues<T> {
  private readonly values: (T | undefined)[] = [];
  private readonly holders: number[] = [];
  private readonly free: number[] = [];
  private readonly byKey = new Map<string, number[]>();

  constructor(
    /** The same for equal values, and mostly another for others. */
    private readonly keyOf: (value: T) => string,
    private readonly isSame: (a: T, b: T) => boolean,
  ) {}

  /** Values that somebody has. */
  get size(): number {
    return this.values.length - this.free.length;
  }

  /** The number of the value, for one more holder. */
  take(value: T): number {
    const key = this.keyOf(value);
    const alike = this.byKey.get(key) ?? [];
    const known = alike.find((number) => this.isSame(this.get(number), value));
    if (known !== undefined) {
      this.holders[known] = (this.holders[known] as number) + 1;
      return known;
    }
    const number = this.free.pop() ?? this.values.length;
    this.values[number] = value;
    this.holders[number] = 1;
    this.byKey.set(key, [...alike, number]);
    return number;
  }

  /** One more holder of a value that somebody has. */
  hold(number: number): void {
    this.holders[number] = (this.holders[number] as number) + 1;
  }

  get(number: number): T {
    return this.values[number] as T;
  }

  /** One holder less; without any the value goes, and its number comes again. */
  release(number: number): void {
    const holders = (this.holders[number] as number) - 1;
    this.holders[number] = holders;
    if (holders > 0) return;
    const key = this.keyOf(this.get(number));
    const others = (this.byKey.get(key) ?? []).filter((one) => one !== number);
    if (others.length > 0) this.byKey.set(key, others);
    else this.byKey.delete(key);
    this.values[number] = undefined;
    this.free.push(number);
  }
}
