import type { Lease } from '../group/group-backend.js';
import type { MemoryBroker } from './memory-broker.js';

export interface MemoryMember {
  readonly id: string;
  readonly topics: readonly string[];
  readonly from: 'earliest' | 'latest';
  readonly onChange: () => void;
}

interface Holding {
  owner: string | undefined;
  epoch: bigint;
  next: bigint;
}

/** The members, leases and offsets of one group. */
export class MemoryGroup {
  private readonly members = new Map<string, MemoryMember>();
  private readonly holdings = new Map<string, Holding>();
  private epoch = 0n;

  constructor(private readonly broker: MemoryBroker) {}

  join(member: MemoryMember): void {
    this.members.set(member.id, member);
    this.changed(member.id);
  }

  leave(id: string): void {
    this.members.delete(id);
    for (const holding of this.holdings.values()) if (holding.owner === id) holding.owner = undefined;
    this.changed(id);
  }

  /** Takes what is free and due to the member; answers all it holds. */
  sync(id: string): readonly Lease[] {
    const member = this.members.get(id);
    if (!member) return [];
    const leases: Lease[] = [];
    for (const { topic, partition, end } of this.broker.ends(member.topics)) {
      const isDue = this.ownerOf(topic, partition) === id;
      const holding = this.holding(topic, partition, member.from === 'latest' ? end : 0n);
      if (isDue && holding.owner === undefined) {
        holding.owner = id;
        holding.epoch = this.epoch += 1n;
      }
      if (holding.owner === id)
        leases.push({ topic, partition, epoch: holding.epoch, keep: isDue, position: holding.next, end });
    }
    return leases;
  }

  commit(id: string, lease: Lease, next: bigint): boolean {
    const holding = this.holdings.get(`${lease.topic}/${lease.partition}`);
    if (holding?.owner !== id || holding.epoch !== lease.epoch) return false;
    holding.next = next;
    return true;
  }

  release(id: string, lease: Lease): void {
    const holding = this.holdings.get(`${lease.topic}/${lease.partition}`);
    if (holding?.owner !== id || holding.epoch !== lease.epoch) return;
    holding.owner = undefined;
    this.changed(id);
  }

  committed(topic: string, partition: number): bigint | undefined {
    return this.holdings.get(`${topic}/${partition}`)?.next;
  }

  /** Tells every member (but the one that caused it) to sync. */
  changed(except?: string): void {
    for (const member of this.members.values()) if (member.id !== except) member.onChange();
  }

  private holding(topic: string, partition: number, next: bigint): Holding {
    const name = `${topic}/${partition}`;
    const holding = this.holdings.get(name) ?? { owner: undefined, epoch: 0n, next };
    this.holdings.set(name, holding);
    return holding;
  }

  /** Partition i goes to member i mod n of the sorted members that want the topic. */
  private ownerOf(topic: string, partition: number): string | undefined {
    const wanting = [...this.members.values()].filter((member) => member.topics.includes(topic)).map(({ id }) => id);
    return wanting.sort()[partition % wanting.length];
  }
}
