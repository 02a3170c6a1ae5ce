import type { Placement } from '../domain/placement.js';
import { Recent } from '../domain/recent.js';
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
const NOTHING: VersionHistory = { loads: [], eviction: undefined };

/** What the last loads of versions cost and why they left memory: of those it happened to most recently, within bounds. */
export class LoadHistory {
  /** By stamp. */
  private readonly versions: Recent<VersionHistory>;

  /** @param versions so many, or up to twice as many, are remembered of; a few hundred bytes each */
  constructor(versions = 5_000) {
    this.versions = new Recent(versions);
  }

  loaded(placement: Placement, load: Load): void {
    const { loads, eviction } = this.of(placement);
    this.versions.set(placement.stamp, { loads: [load, ...loads.slice(0, LOADS_EACH - 1)], eviction });
  }

  /** Only the stamp is known of who went. */
  evicted(version: Pick<Placement, 'stamp'>, eviction: Eviction): void {
    this.versions.set(version.stamp, { ...this.of(version), eviction });
  }

  of({ stamp }: Pick<Placement, 'stamp'>): VersionHistory {
    return this.versions.get(stamp) ?? NOTHING;
  }
}
