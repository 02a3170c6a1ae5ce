import type { Placement } from '../domain/placement.js';
import { ModelLoader, type DetachedRuntime, type LoadedModel, type Tier } from './model-loader.port.js';

export interface ChooseRuntimeOptions {
  /** For models that the one thread runs itself. */
  readonly inline: ModelLoader;
  readonly workers: DetachedRuntime;
  /** Another server that runs all models of this pool. */
  readonly remote?: DetachedRuntime | undefined;
  /** Files up to this size may be loaded whole by the one thread, bytes. */
  readonly inlineMaxBytes: number;
}

/** A row that took longer at admission would hold up everybody, microseconds. */
const INLINE_MAX_MICROS = 2_000;

/** Brings each version in where it belongs: small ones here, large ones in worker threads, all of a remote pool on its server. */
export class ChooseRuntime extends ModelLoader {
  /** Versions that gave what their trainers recorded where they run: one that comes back is not checked again. Large ones, so few. */
  private readonly verified = new Set<string>();

  constructor(private readonly options: ChooseRuntimeOptions) {
    super();
  }

  tierOf(placement: Placement): Tier {
    return this.options.inline.tierOf(placement);
  }

  forget(placement: Placement): void {
    this.verified.delete(keyOf(placement));
    this.options.inline.forget(placement);
  }

  async load(placement: Placement): Promise<LoadedModel> {
    const { inline, workers, remote } = this.options;
    const detached = remote ?? (this.isLarge(placement) ? workers : undefined);
    if (detached === undefined) return inline.load(placement);
    const key = keyOf(placement);
    const model = await detached.load(placement, this.verified.has(key));
    this.verified.add(key);
    return model;
  }

  /** By what was measured at admission, and for what has to be loaded whole by its size. */
  private isLarge({ serving, sizeBytes }: Placement): boolean {
    const { way = 'whole', micros } = serving ?? {};
    return (micros ?? 0) > INLINE_MAX_MICROS || (way === 'whole' && sizeBytes > this.options.inlineMaxBytes);
  }
}

function keyOf({ tenantId, versionId, artifactDigest }: Placement): string {
  return `${tenantId}/${versionId}/${artifactDigest}`;
}
