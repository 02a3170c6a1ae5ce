import type { Placement } from '../domain/placement.js';
import type { Tier } from './model-loader.port.js';

export interface Load {
  readonly startedAtMs: number;
  readonly tookMs: number;
  readonly from: Tier;
  /** Why it failed; empty when it did not. */
  readonly reason: string;
}

export interface Eviction {
  readonly atMs: number;
  /** How often the version was asked for since it had come into memory. */
  readonly uses: number;
  /** Whether a version of the same tenant took its place. */
  readonly isForOwnTenant: boolean;
}

export interface VersionHistory {
  /** The last ones, the newest first. */
  readonly loads: readonly Load[];
  readonly eviction: Eviction | undefined;
}

const LOADS_EACH = 5;

/** What the last loads of versions cost and why the last ones left memory. Kept as numbers, by the stamps of versions: an object for each would be most of the garbage of a start that loads a million. */
export class LoadHistory {
  private readonly loads: Ring;
  private readonly startedAtMs: Float64Array;
  private readonly tookMs: Float64Array;
  private readonly isFromDisk: Uint8Array;
  /** By place, of loads that failed. */
  private readonly reasons = new Map<number, string>();
  private readonly evictions: Ring;
  private readonly evictedAtMs: Float64Array;
  private readonly uses: Uint32Array;
  private readonly isForOwnTenant: Uint8Array;

  /** @param kept so many loads, and as many evictions, are remembered; some fifty bytes each */
  constructor(kept = 8_192) {
    this.loads = new Ring(kept);
    this.startedAtMs = new Float64Array(kept);
    this.tookMs = new Float64Array(kept);
    this.isFromDisk = new Uint8Array(kept);
    this.evictions = new Ring(kept);
    this.evictedAtMs = new Float64Array(kept);
    this.uses = new Uint32Array(kept);
    this.isForOwnTenant = new Uint8Array(kept);
  }

  loaded({ stamp }: Pick<Placement, 'stamp'>, { startedAtMs, tookMs, from, reason }: Load): void {
    const at = this.loads.add(stamp);
    this.startedAtMs[at] = startedAtMs;
    this.tookMs[at] = tookMs;
    this.isFromDisk[at] = from === 'disk' ? 1 : 0;
    if (reason === '') this.reasons.delete(at);
    else this.reasons.set(at, reason);
  }

  /** Only the stamp is known of who went. */
  evicted({ stamp }: Pick<Placement, 'stamp'>, { atMs, uses, isForOwnTenant }: Eviction): void {
    const at = this.evictions.add(stamp);
    this.evictedAtMs[at] = atMs;
    this.uses[at] = uses;
    this.isForOwnTenant[at] = isForOwnTenant ? 1 : 0;
  }

  /** Looks through all that is kept: some microseconds. */
  of({ stamp }: Pick<Placement, 'stamp'>): VersionHistory {
    const [evicted] = this.evictions.of(stamp, 1);
    return {
      loads: this.loads.of(stamp, LOADS_EACH).map((at) => ({
        startedAtMs: this.startedAtMs[at] as number,
        tookMs: this.tookMs[at] as number,
        from: this.isFromDisk[at] === 1 ? 'disk' : 'store',
        reason: this.reasons.get(at) ?? '',
      })),
      eviction:
        evicted === undefined
          ? undefined
          : {
              atMs: this.evictedAtMs[evicted] as number,
              uses: this.uses[evicted] as number,
              isForOwnTenant: this.isForOwnTenant[evicted] === 1,
            },
    };
  }
}

/** Places that are given again, the oldest first. */
class Ring {
  private readonly stamps: Uint32Array;
  private next = 0;

  constructor(size: number) {
    this.stamps = new Uint32Array(size);
  }

  add(stamp: number): number {
    const at = this.next;
    this.stamps[at] = stamp;
    this.next = (at + 1) % this.stamps.length;
    return at;
  }

  /** The places of a stamp, at most so many, the newest first. */
  of(stamp: number, most: number): readonly number[] {
    const found: number[] = [];
    const size = this.stamps.length;
    for (let back = 1; back <= size && found.length < most; back += 1) {
      const at = (this.next - back + size) % size;
      if (this.stamps[at] === stamp) found.push(at);
    }
    return found;
  }
}
