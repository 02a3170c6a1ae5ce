import { HeapPlaces, IndexedHeap } from './indexed-heap.js';
import { PairingForest } from './pairing-forest.js';
import { TenantColumns } from './tenant-columns.js';
import { grown } from './grown.js';

export interface EvictionLimits {
  /** Bytes of all entries, at most. */
  readonly maxBytes: number;
  /** What a tenant keeps while others have more than theirs, bytes. Default 0. */
  readonly floorBytes?: number;
  /** A tenant with more bytes than this gives way first when there is no room. Default: no ceiling. */
  readonly ceilingBytes?: number;
}

/** In this order tenants give way. */
const OVER_CEILING = 0;
const ORDINARY = 1;
const WITHIN_FLOOR = 2;

/** A tenant by its name, or by a small number of the caller's: that costs no entry of a map. One index takes one kind. */
export type TenantKey = string | number;

/** The least an entry costs, so that each use counts for something. */
const LEAST_COST = 1e-6;

/**
 * Which entry of a cache goes next: the one with the least *frequency × reload cost ÷ bytes*, aged as GreedyDual-Size-Frequency does (Cherkasova, 1998): an entry's priority is that
 * plus the priority of the last one that went, when it was used last. So what was used much once does not stay for ever. Among equals the one ranked longer ago goes.
 *
 * Tenants over their ceiling give way first, those within their floor last; memory that nobody else wants is nobody's to withhold. A use takes O(1), all else O(log n) amortized;
 * an entry costs about 60 bytes, a tenant about 30. Entries are numbers that are given again after they went.
 */
export class EvictionIndex {
  private readonly places = new HeapPlaces();
  private readonly tenants = new TenantColumns((capacity) => {
    this.places.grow(capacity);
  });
  private owners = new Int32Array(0);
  private readonly free: number[] = [];
  private used = 0;
  private capacity = 0;
  private total = 0;
  private age = 0;
  private ticks = 0;
  private sizes = new Float64Array(0);
  /** Reload cost ÷ bytes. */
  private gains = new Float64Array(0);
  private uses = new Uint32Array(0);
  /** Priority now, and as it stands in the heaps: a use raises the one, the other follows when the entry would go. */
  private priorities = new Float64Array(0);
  private ranks = new Float64Array(0);
  private rankedAt = new Float64Array(0);
  private readonly entries = new PairingForest((a, b) => this.isBefore(a, b));
  private readonly turns = [OVER_CEILING, ORDINARY, WITHIN_FLOOR].map(
    () =>
      new IndexedHeap(this.places, (a, b) =>
        this.isBefore(this.tenants.roots[a] as number, this.tenants.roots[b] as number),
      ),
  );

  constructor(private readonly limits: EvictionLimits) {}

  /** Bytes of all entries. */
  get bytes(): number {
    return this.total;
  }

  get size(): number {
    return this.used - this.free.length;
  }

  bytesOf(tenant: TenantKey): number {
    return this.tenants.bytes[this.tenants.find(tenant)] ?? 0;
  }

  /** Number of the entry's tenant, also just after it went. */
  tenantOf(entry: number): number {
    return this.owners[entry] ?? -1;
  }

  /** Uses of an entry since it was added. */
  frequencyOf(entry: number): number {
    return this.uses[entry] ?? 0;
  }

  /** What an entry is worth to keep: the lowest goes first, within its tenant and among tenants in the same turn. */
  priorityOf(entry: number): number {
    return this.priorities[entry] ?? 0;
  }

  /** Takes out what must go so that the tenant may add so many bytes; in the order in which they went. */
  makeRoom(tenantKey: TenantKey, bytes: number): readonly number[] {
    const gone: number[] = [];
    if (this.total + bytes <= this.limits.maxBytes) return gone;
    const tenant = this.tenants.find(tenantKey);
    if (tenant >= 0) this.resize(tenant, bytes);
    for (let entry = this.next(); entry >= 0 && this.total + bytes > this.limits.maxBytes; entry = this.next()) {
      this.age = Math.max(this.age, this.priorities[entry] as number);
      this.remove(entry);
      gone.push(entry);
    }
    if (tenant >= 0) this.resize(tenant, -bytes);
    return gone;
  }

  /** Adds an entry that was just used. `cost` to bring it back, in any unit, the same for all. */
  add(tenantKey: TenantKey, bytes: number, cost: number): number {
    const entry = this.free.pop() ?? this.newEntry();
    const tenant = this.tenants.enter(tenantKey);
    this.owners[entry] = tenant;
    this.sizes[entry] = bytes;
    this.gains[entry] = Math.max(cost, LEAST_COST) / Math.max(bytes, 1);
    this.uses[entry] = 0;
    this.touch(entry);
    this.total += bytes;
    this.tenants.bytes[tenant] = (this.tenants.bytes[tenant] as number) + bytes;
    this.enter(tenant, entry);
    return entry;
  }

  /** Counts a use. */
  touch(entry: number): void {
    const uses = (this.uses[entry] as number) + 1;
    this.uses[entry] = uses;
    this.priorities[entry] = this.age + uses * (this.gains[entry] as number);
  }

  /** Takes an entry out, for whatever reason. */
  remove(entry: number): void {
    const tenant = this.owners[entry] as number;
    const { bytes, roots } = this.tenants;
    this.total -= this.sizes[entry] as number;
    bytes[tenant] = (bytes[tenant] as number) - (this.sizes[entry] as number);
    this.free.push(entry);
    this.setRoot(tenant, this.entries.remove(roots[tenant] as number, entry));
  }

  private newEntry(): number {
    if (this.used === this.capacity) this.grow(Math.max(64, 2 * this.capacity));
    this.used += 1;
    return this.used - 1;
  }

  private grow(capacity: number): void {
    this.capacity = capacity;
    this.owners = grown(this.owners, capacity);
    this.sizes = grown(this.sizes, capacity);
    this.gains = grown(this.gains, capacity);
    this.uses = grown(this.uses, capacity);
    this.priorities = grown(this.priorities, capacity);
    this.ranks = grown(this.ranks, capacity);
    this.rankedAt = grown(this.rankedAt, capacity);
    this.entries.grow(capacity);
  }

  /** The entry that goes next, −1 when there is none. */
  private next(): number {
    for (;;) {
      const tenant = this.turns.find((turn) => turn.size > 0)?.top ?? -1;
      if (tenant < 0) return -1;
      const root = this.tenants.roots[tenant] as number;
      if (this.ranks[root] === this.priorities[root]) return root;
      this.enter(tenant, root, this.entries.remove(root, root));
    }
  }

  private enter(tenant: number, entry: number, others = this.tenants.roots[tenant] as number): void {
    this.ticks += 1;
    this.ranks[entry] = this.priorities[entry] as number;
    this.rankedAt[entry] = this.ticks;
    this.setRoot(tenant, this.entries.insert(others, entry));
  }

  private resize(tenant: number, bytes: number): void {
    this.tenants.bytes[tenant] = (this.tenants.bytes[tenant] as number) + bytes;
    this.setRoot(tenant, this.tenants.roots[tenant] as number);
  }

  private setRoot(tenant: number, root: number): void {
    const { roots, turns, bytes } = this.tenants;
    roots[tenant] = root;
    const turn = this.turnOf(tenant);
    const isWaiting = this.places.of(tenant) >= 0;
    const isLeaving = isWaiting && (root < 0 || turn !== turns[tenant]);
    if (isLeaving) this.turns[turns[tenant] as number]?.remove(tenant);
    turns[tenant] = turn;
    if (root < 0) {
      // one that others make room for stays known until they have
      if ((bytes[tenant] as number) <= 0) this.tenants.release(tenant);
    } else if (isWaiting && !isLeaving) this.turns[turn]?.update(tenant);
    else this.turns[turn]?.push(tenant);
  }

  private turnOf(tenant: number): number {
    const { floorBytes = 0, ceilingBytes = Infinity } = this.limits;
    const { bytes, roots } = this.tenants;
    const taken = bytes[tenant] as number;
    if (taken > ceilingBytes) return OVER_CEILING;
    return taken - (this.sizes[roots[tenant] as number] ?? 0) < floorBytes ? WITHIN_FLOOR : ORDINARY;
  }

  private isBefore(a: number, b: number): boolean {
    const rankA = this.ranks[a] as number;
    const rankB = this.ranks[b] as number;
    return rankA < rankB || (rankA === rankB && (this.rankedAt[a] as number) < (this.rankedAt[b] as number));
  }
}
