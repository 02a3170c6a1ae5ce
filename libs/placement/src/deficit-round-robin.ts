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
  /** What the tenant may still spend; its turn ends when it is used up, and what it spent beyond is taken off the next. */
  credit: number;
  next: Flow<T> | undefined;
}

class FlowList<T> {
  first: Flow<T> | undefined;
  private last: Flow<T> | undefined;

  append(flow: Flow<T>): void {
    flow.next = undefined;
    if (this.last === undefined) this.first = flow;
    else this.last.next = flow;
    this.last = flow;
  }

  removeFirst(): void {
    this.first = this.first?.next;
    if (this.first === undefined) this.last = undefined;
  }
}

/**
 * A queue that is fair to tenants by what their requests cost, not by how many they are: deficit round robin (Shreedhar and Varghese, 1995) with a first turn for those who had nothing
 * waiting, as FQ-CoDel has it (RFC 8290). In each round a tenant that has something waiting may spend one quantum. Of tenants that always have something waiting none gets ahead of another by more
 * than a quantum and the cost of one request; who asks now and then waits for nobody's backlog. Push and pop take O(1) when requests cost no more than a quantum.
 */
export class DeficitRoundRobin<T extends Queued> {
  private readonly flows = new Map<string, Flow<T>>();
  /** Tenants in their first turn, and the others, which have a turn when there are no such. */
  private readonly fresh = new FlowList<T>();
  private readonly known = new FlowList<T>();
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
      flow = this.flowOf(item.tenantId);
      this.fresh.append(flow);
    }
    flow.items.push(item);
    this.count += 1;
    this.waitingCost += item.cost;
  }

  /** Takes the next one out and charges its tenant with its cost; undefined when nothing waits. */
  pop(): T | undefined {
    while (this.count > 0) {
      const list = this.fresh.first === undefined ? this.known : this.fresh;
      const flow = list.first as Flow<T>;
      const item = flow.items[flow.head];
      if (item !== undefined && flow.credit > 0) return this.take(flow, item);
      list.removeFirst();
      // who has nothing waiting any more keeps its place for one round, so that nobody gets a first turn again and again
      if (item === undefined && list === this.known) this.flows.delete(flow.tenantId);
      else this.known.append(flow);
      if (item !== undefined) this.endTurn(flow);
    }
    return undefined;
  }

  /** Whether what the tenant asks next would be taken out at once: it has nothing waiting, and has not spent its turn. */
  isNext(tenantId: string): boolean {
    const flow = this.flows.get(tenantId);
    return flow === undefined || (flow.items.length === 0 && flow.credit > 0);
  }

  /** Charges a tenant with what was run for it past the queue. */
  charge(tenantId: string, cost: number): void {
    let flow = this.flows.get(tenantId);
    if (flow === undefined) {
      flow = this.flowOf(tenantId);
      // it had its first turn
      this.known.append(flow);
    }
    flow.credit -= cost;
  }

  /** Corrects what a tenant was charged with, when its request cost `difference` more than expected (or less, below zero). */
  settle(tenantId: string, difference: number): void {
    const flow = this.flows.get(tenantId);
    if (flow !== undefined) flow.credit -= difference;
  }

  private flowOf(tenantId: string): Flow<T> {
    const flow: Flow<T> = { tenantId, items: [], head: 0, credit: this.quantum, next: undefined };
    this.flows.set(tenantId, flow);
    return flow;
  }

  private take(flow: Flow<T>, item: T): T {
    flow.credit -= item.cost;
    flow.head += 1;
    if (flow.head === flow.items.length || flow.head > 1_024) {
      flow.items.splice(0, flow.head);
      flow.head = 0;
    }
    this.count -= 1;
    this.waitingCost = this.count === 0 ? 0 : this.waitingCost - item.cost;
    this.fruitless = 0;
    return item;
  }

  private endTurn(flow: Flow<T>): void {
    flow.credit += this.quantum;
    this.fruitless += 1;
    if (this.fruitless >= this.flows.size) this.skipRounds();
  }

  /** Nobody could spend anything in a whole round: all rounds until somebody can, at once. */
  private skipRounds(): void {
    let most = -Infinity;
    for (const { items, credit } of this.flows.values()) if (items.length > 0) most = Math.max(most, credit);
    const rounds = Math.ceil(-most / this.quantum);
    if (rounds > 0) for (const flow of this.flows.values()) flow.credit += rounds * this.quantum;
    this.fruitless = 0;
  }
}
