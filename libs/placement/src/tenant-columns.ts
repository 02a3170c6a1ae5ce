import { grown } from './grown.js';

/** What an index knows of tenants, by their numbers: some twenty bytes each. Tenants that come by name are numbered here; a number is given again after its tenant has nothing left. */
export class TenantColumns {
  /** Bytes of all its entries. */
  bytes = new Float64Array(0);
  /** Its entry that goes first, −1 when it has none. */
  roots = new Int32Array(0);
  turns = new Uint8Array(0);
  private readonly numbers = new Map<string, number>();
  private names: (string | undefined)[] = [];
  private readonly free: number[] = [];

  /** @param onGrown hears for how many tenants there is room */
  constructor(private readonly onGrown: (capacity: number) => void) {}

  /** The tenant's number, −1 when nothing is known of it. */
  find(tenant: string | number): number {
    const number = typeof tenant === 'number' ? tenant : (this.numbers.get(tenant) ?? -1);
    return number < this.roots.length ? number : -1;
  }

  /** As {@link find}; makes room for a new one. */
  enter(tenant: string | number): number {
    const number = typeof tenant === 'number' ? tenant : (this.numbers.get(tenant) ?? this.name(tenant));
    if (number >= this.roots.length) this.grow(Math.max(64, 2 * this.roots.length, number + 1));
    return number;
  }

  /** The tenant has nothing left. */
  release(number: number): void {
    const name = this.names[number];
    if (name === undefined) return;
    this.names[number] = undefined;
    this.numbers.delete(name);
    this.free.push(number);
  }

  private name(tenant: string): number {
    const number = this.free.pop() ?? this.names.length;
    this.names[number] = tenant;
    this.numbers.set(tenant, number);
    return number;
  }

  private grow(capacity: number): void {
    const before = this.roots.length;
    this.bytes = grown(this.bytes, capacity);
    this.roots = grown(this.roots, capacity).fill(-1, before);
    this.turns = grown(this.turns, capacity);
    this.onGrown(capacity);
  }
}
