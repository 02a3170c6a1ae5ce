import type { StoredRecord } from '../event-log.port.js';

/** A member's right to a partition. */
export interface Lease {
  readonly topic: string;
  readonly partition: number;
  /** Grows whenever the partition changes hands; a commit names it. */
  readonly epoch: bigint;
  /** False: another member should have it; finish the batch in hand and release. */
  readonly keep: boolean;
  /** The next offset to handle, as committed. */
  readonly position: bigint;
  /** One past the last record of the partition. */
  readonly end: bigint;
}

/** What a store of groups and offsets does for one member; the member itself runs in `GroupMember`. */
export interface GroupBackend {
  /** Says that the member lives, evicts the dead, takes what is free and due to it. Answers all leases it holds now. */
  sync(): Promise<readonly Lease[]>;
  read(lease: Lease, from: bigint, max: number): Promise<readonly StoredRecord[]>;
  /** Sets the next offset to handle; false when the lease is no longer the member's. */
  commit(lease: Lease, next: bigint): Promise<boolean>;
  release(lease: Lease): Promise<void>;
  /** Gives everything back and forgets the member. */
  leave(): Promise<void>;
}
