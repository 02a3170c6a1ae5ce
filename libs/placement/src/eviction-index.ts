import { IndexedHeap, type HeapItem } from './indexed-heap.js';
import { PairingForest } from './pairing-forest.js';
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

interface Tenant extends HeapItem {
  readonly name: string;
  bytes: number;
  /** The tenant's entry that goes first; −1 when it has none. */
  root: number;
  turn: number;
}

/** The least an entry costs, so that each use counts for something. */
const LEAST_COST = 1e-6;

/**
 * Which entry of a cache goes next: the one with the least *frequency × reload cost ÷ bytes*, aged as GreedyDual-Size-Frequency does (Cherkasova, 1998): an entry's priority is that
 * plus the priority of the last one that went, when it was used last. So what was used much once does not stay for ever. Among equals the one ranked longer ago goes.
 *
 * Tenants over their ceiling give way first, those within their floor last; memory that nobody else wants is nobody's to withhold. A use takes O(1), all else O(log n) amortized;
 * an entry costs about 60 bytes. Entries are numbers that are given again after they went.
 */
export class EvictionIndex {
  private readonly tenants = new Map<string, Tenant>();
  private readonly ownerOf: Tenant[] = [];
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
    () => new IndexedHeap<Tenant>((a, b) => this.isBefore(a.root, b.root)),
  );

  constructor(private readonly limits: EvictionLimits) {}

  /** Bytes of all entries. */
  get bytes(): number {
    return this.total;
  }

  get size(): number {
    return this.used - this.free.length;
  }

  bytesOf(tenant: string): number {
    return this.tenants.get(tenant)?.bytes ?? 0;
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
  makeRoom(tenantName: string, bytes: number): readonly number[] {
    const gone: number[] = [];
    if (this.total + bytes <= this.limits.maxBytes) return gone;
    const tenant = this.tenants.get(tenantName);
    if (tenant !== undefined) this.resize(tenant, bytes);
    for (let entry = this.next(); entry >= 0 && this.total + bytes > this.limits.maxBytes; entry = this.next()) {
      this.age = Math.max(this.age, this.priorities[entry] as number);
      this.remove(entry);
      gone.push(entry);
    }
    if (tenant !== undefined) this.resize(tenant, -bytes);
    return gone;
  }

  /** Adds an entry that was just used. `cost` to bring it back, in any unit, the same for all. */
  add(tenantName: string, bytes: number, cost: number): number {
    const entry = this.free.pop() ?? this.newEntry();
    const tenant = this.tenantOf(tenantName);
    this.ownerOf[entry] = tenant;
    this.sizes[entry] = bytes;
    this.gains[entry] = Math.max(cost, LEAST_COST) / Math.max(bytes, 1);
    this.uses[entry] = 0;
    this.touch(entry);
    this.total += bytes;
    tenant.bytes += bytes;
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
    const tenant = this.ownerOf[entry] as Tenant;
    this.total -= this.sizes[entry] as number;
    tenant.bytes -= this.sizes[entry] as number;
    this.free.push(entry);
    this.setRoot(tenant, this.entries.remove(tenant.root, entry));
  }

  private newEntry(): number {
    if (this.used === this.capacity) this.grow(Math.max(64, 2 * this.capacity));
    this.used += 1;
    return this.used - 1;
  }

  private grow(capacity: number): void {
    this.capacity = capacity;
    this.sizes = grown(this.sizes, capacity);
    this.gains = grown(this.gains, capacity);
    this.uses = grown(this.uses, capacity);
    this.priorities = grown(this.priorities, capacity);
    this.ranks = grown(this.ranks, capacity);
    this.rankedAt = grown(this.rankedAt, capacity);
    this.entries.grow(capacity);
  }

  private tenantOf(name: string): Tenant {
    let tenant = this.tenants.get(name);
    if (tenant === undefined) {
      tenant = { name, bytes: 0, root: -1, turn: ORDINARY, at: -1 };
      this.tenants.set(name, tenant);
    }
    return tenant;
  }

  /** The entry that goes next, −1 when there is none. */
  private next(): number {
    for (;;) {
      const tenant = this.turns.find((turn) => turn.size > 0)?.top;
      if (tenant === undefined) return -1;
      const { root } = tenant;
      if (this.ranks[root] === this.priorities[root]) return root;
      this.enter(tenant, root, this.entries.remove(root, root));
    }
  }

  private enter(tenant: Tenant, entry: number, others = tenant.root): void {
    this.ticks += 1;
    this.ranks[entry] = this.priorities[entry] as number;
    this.rankedAt[entry] = this.ticks;
    this.setRoot(tenant, this.entries.insert(others, entry));
  }

  private resize(tenant: Tenant, bytes: number): void {
    tenant.bytes += bytes;
    this.setRoot(tenant, tenant.root);
  }

  private setRoot(tenant: Tenant, root: number): void {
    tenant.root = root;
    const turn = this.turnOf(tenant);
    if (tenant.at >= 0 && (root < 0 || turn !== tenant.turn)) this.turns[tenant.turn]?.remove(tenant);
    tenant.turn = turn;
    if (root < 0) {
      // one that others make room for stays known until they have
      if (tenant.bytes <= 0) this.tenants.delete(tenant.name);
    } else if (tenant.at < 0) this.turns[turn]?.push(tenant);
    else this.turns[turn]?.update(tenant);
  }

  private turnOf({ bytes, root }: Tenant): number {
    const { floorBytes = 0, ceilingBytes = Infinity } = this.limits;
    if (bytes > ceilingBytes) return OVER_CEILING;
    return bytes - (this.sizes[root] ?? 0) < floorBytes ? WITHIN_FLOOR : ORDINARY;
  }

  private isBefore(a: number, b: number): boolean {
    const rankA = this.ranks[a] as number;
    const rankB = this.ranks[b] as number;
    return rankA < rankB || (rankA === rankB && (this.rankedAt[a] as number) < (this.rankedAt[b] as number));
  }
}
