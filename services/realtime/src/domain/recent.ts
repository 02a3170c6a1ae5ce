/** The last values that were asked for, between `size` and twice as many, by number. */
export class Recent<T> {
  private young = new Map<number, T>();
  private old = new Map<number, T>();

  constructor(private readonly size: number) {}

  get(number: number): T | undefined {
    const young = this.young.get(number);
    if (young !== undefined) return young;
    const old = this.old.get(number);
    if (old !== undefined) this.set(number, old);
    return old;
  }

  set(number: number, value: T): void {
    if (this.young.size >= this.size) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(number, value);
  }

  delete(number: number): void {
    this.young.delete(number);
    this.old.delete(number);
  }
}
