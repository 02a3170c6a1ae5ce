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
const NOTHING: VersionHistory = { loads: [], eviction: undefined };

/** What the last loads of versions cost and why they left memory: of those it happened to most recently, within bounds. */
export class LoadHistory {
  private readonly versions = new Map<string, VersionHistory>();

  /** @param maxVersions versions that something is remembered of; a few hundred bytes each */
  constructor(private readonly maxVersions = 10_000) {}

  loaded(placement: Placement, load: Load): void {
    const { loads, eviction } = this.of(placement);
    this.keep(placement, { loads: [load, ...loads.slice(0, LOADS_EACH - 1)], eviction });
  }

  evicted(placement: Placement, eviction: Eviction): void {
    this.keep(placement, { ...this.of(placement), eviction });
  }

  of(placement: Placement): VersionHistory {
    return this.versions.get(keyOf(placement)) ?? NOTHING;
  }

  private keep(placement: Placement, history: VersionHistory): void {
    const key = keyOf(placement);
    this.versions.delete(key);
    this.versions.set(key, history);
    if (this.versions.size <= this.maxVersions) return;
    const [oldest = ''] = this.versions.keys();
    this.versions.delete(oldest);
  }
}

function keyOf({ tenantId, versionId }: Placement): string {
  return `${tenantId}/${versionId}`;
}
