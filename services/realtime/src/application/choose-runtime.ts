import type { Placement } from '../domain/placement.js';
import { ModelLoader, type DetachedRuntime, type LoadedModel, type Tier } from './model-loader.port.js';
import { LONG_RUN_MICROS } from './predict.js';

export interface ChooseRuntimeOptions {
  /** For models that the one thread runs itself. */
  readonly inline: ModelLoader;
  readonly workers: DetachedRuntime;
  /** Another server that runs all models of this pool. */
  readonly remote?: DetachedRuntime | undefined;
  /** Files up to this size may be loaded whole by the one thread, bytes. */
  readonly inlineMaxBytes: number;
}

/** What runs a version: the one thread, worker threads, or another server. */
export type RuntimeKind = 'inline' | 'workers' | 'remote';

/** Brings each version in where it belongs: small ones here, large ones in worker threads, all of a remote pool on its server. */
export class ChooseRuntime extends ModelLoader {
  /** Versions that gave what their trainers recorded where they run: one that comes back is not checked again. Large ones, so few. */
  private readonly verified = new Set<string>();
  /** Stamps of versions that held the one thread for long. */
  private readonly slow = new Set<number>();

  constructor(private readonly options: ChooseRuntimeOptions) {
    super();
  }

  tierOf(placement: Placement): Tier {
    return this.options.inline.tierOf(placement);
  }

  forget(placement: Placement): void {
    this.verified.delete(keyOf(placement));
    this.slow.delete(placement.stamp);
    this.options.inline.forget(placement);
  }

  async load(placement: Placement): Promise<LoadedModel> {
    const { inline, workers, remote } = this.options;
    if (this.runtimeOf(placement) === 'inline') return inline.load(placement);
    const detached = remote ?? workers;
    const key = keyOf(placement);
    const model = await detached.load(placement, this.verified.has(key));
    this.verified.add(key);
    return model;
  }

  /** What runs the version from its next load on. */
  runtimeOf(placement: Placement): RuntimeKind {
    if (this.options.remote !== undefined) return 'remote';
    return this.isLarge(placement) ? 'workers' : 'inline';
  }

  /** The version runs for long: from its next load on it runs in a worker thread, whatever admission thought of it (which makes up shapes where a trainer recorded none). */
  runsLong({ stamp }: Placement): void {
    this.slow.add(stamp);
  }

  /** By what was measured here and at admission, and for what has to be loaded whole by its size. */
  private isLarge(placement: Placement): boolean {
    const { serving, sizeBytes, stamp } = placement;
    const { way = 'whole', micros } = serving ?? {};
    if (this.slow.has(stamp)) return true;
    return (micros ?? 0) > LONG_RUN_MICROS || (way === 'whole' && sizeBytes > this.options.inlineMaxBytes);
  }
}

function keyOf({ tenantId, versionId, artifactDigest }: Placement): string {
  return `${tenantId}/${versionId}/${artifactDigest}`;
}
