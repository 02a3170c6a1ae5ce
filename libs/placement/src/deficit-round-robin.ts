/** What waits for its turn. */
export interface Queued {
  readonly tenantId: string;
  /** What it is expected to cost, in the unit of the quantum, ≥ 0. */
  readonly cost: number;
}

/** What waits of one tenant, in the order of arrival. */
interface Flow<T> {
  readonly tenantId: string;
  readonly items: T[];
  /** Where the first that still waits stands. */
  head: number;
  /** What the tenant may still spend in this round; below zero after more was spent than was expected. */
  deficit: number;
  next: Flow<T> | undefined;
}

/**
 * A queue that is fair to tenants by what their requests cost, not by how many they are: deficit round robin (Shreedhar and Varghese, 1995). In each round a tenant that has something
 * waiting may spend one quantum, and keeps what it did not spend. Of tenants that always have something waiting none gets ahead of another by more than a
 * quantum and the cost of one request. Push and pop take O(1) when requests cost no more than a quantum.
 */
export class DeficitRoundRobin<T extends Queued> {
  private readonly flows = new Map<string, Flow<T>>();
  /** Whose turn it is; the others follow by `next`. */
  private first: Flow<T> | undefined;
  private last: Flow<T> | undefined;
  /** Whether the first was given its quantum. */
  private isServed = false;
  /** Turns that ended since something was taken. */
  private fruitless = 0;
  private count = 0;
  private waitingCost = 0;

  /** @param quantum what a tenant may spend in a round, > 0 */
  constructor(private readonly quantum: number) {}

  /** How many wait. */
  get size(): number {
    return this.count;
  }

  /** What all that waits is expected to cost. */
  get cost(): number {
    return this.waitingCost;
  }

  /** How many of a tenant wait. */
  sizeOf(tenantId: string): number {
    const flow = this.flows.get(tenantId);
    return flow === undefined ? 0 : flow.items.length - flow.head;
  }

  push(item: T): void {
    let flow = this.flows.get(item.tenantId);
    if (flow === undefined) {
      flow = { tenantId: item.tenantId, items: [], head: 0, deficit: 0, next: undefined };
      this.flows.set(item.tenantId, flow);
      this.append(flow);
    }
    flow.items.push(item);
    this.count += 1;
    this.waitingCost += item.cost;
  }

  /** Takes the next one out and charges its tenant with its cost; undefined when nothing waits. */
  pop(): T | undefined {
    while (this.first !== undefined) {
      const flow = this.first;
      if (!this.isServed) {
        flow.deficit += this.quantum;
        this.isServed = true;
      }
      const item = flow.items[flow.head] as T;
      if (item.cost <= flow.deficit) return this.take(flow, item);
      this.endTurn();
      if (this.fruitless >= this.flows.size) this.skipRounds();
    }
    return undefined;
  }

  /** Corrects what a tenant was charged with, when its request cost `difference` more than expected (or less, below zero). */
  settle(tenantId: string, difference: number): void {
    const flow = this.flows.get(tenantId);
    if (flow !== undefined) flow.deficit -= difference;
  }

  private take(flow: Flow<T>, item: T): T {
    flow.deficit -= item.cost;
    flow.head += 1;
    this.count -= 1;
    this.waitingCost = this.count === 0 ? 0 : this.waitingCost - item.cost;
    this.fruitless = 0;
    if (flow.head === flow.items.length) this.leave(flow);
    else if (flow.head > 1_024 && 2 * flow.head > flow.items.length) {
      flow.items.splice(0, flow.head);
      flow.head = 0;
    }
    return item;
  }

  private append(flow: Flow<T>): void {
    if (this.last === undefined) this.first = flow;
    else this.last.next = flow;
    this.last = flow;
  }

  /** The first one's turn ends; what it did not spend it keeps. */
  private endTurn(): void {
    const flow = this.first as Flow<T>;
    this.fruitless += 1;
    this.isServed = false;
    if (flow.next === undefined) return;
    this.first = flow.next;
    flow.next = undefined;
    this.append(flow);
  }

  /** The first has nothing waiting any more: who is not there saves nothing up. */
  private leave(flow: Flow<T>): void {
    this.flows.delete(flow.tenantId);
    this.first = flow.next;
    if (this.first === undefined) this.last = undefined;
    this.isServed = false;
  }

  /** Nobody could spend anything in a whole round: all rounds until somebody can, at once. */
  private skipRounds(): void {
    let rounds = Infinity;
    for (const flow of this.flows.values()) {
      const missing = (flow.items[flow.head] as T).cost - flow.deficit;
      rounds = Math.min(rounds, Math.ceil(missing / this.quantum) - 1);
    }
    if (rounds > 0) for (const flow of this.flows.values()) flow.deficit += rounds * this.quantum;
    this.fruitless = 0;
  }
}
