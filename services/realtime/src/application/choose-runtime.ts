import type { Placement } from '../domain/placement.js';
import { ModelLoader, type DetachedRuntime, type LoadedModel, type Tier } from './model-loader.port.js';

export interface ChooseRuntimeOptions {
  /** For models that the one thread runs itself. */
  readonly inline: ModelLoader;
  readonly workers: DetachedRuntime;
  /** Another server that runs all models of this pool. */
  readonly remote?: DetachedRuntime | undefined;
  /** Files up to this size are run by the one thread, bytes; larger ones too, where they are served from a skeleton. */
  readonly inlineMaxBytes: number;
}

/** What takes longer for a row, as admission measured it, would hold up all others, microseconds. */
const INLINE_MAX_MICROS = 2_000;

/** Brings each version in where it belongs: small ones here, large ones in worker threads, all of a remote pool on its server. */
export class ChooseRuntime extends ModelLoader {
  /** Placements that gave what their trainers recorded: one that comes back is not checked again. */
  private readonly verified = new WeakSet<Placement>();

  constructor(private readonly options: ChooseRuntimeOptions) {
    super();
  }

  tierOf(placement: Placement): Tier {
    return this.options.inline.tierOf(placement);
  }

  forget(placement: Placement): void {
    this.options.inline.forget(placement);
  }

  async load(placement: Placement): Promise<LoadedModel> {
    const { inline, workers, remote, inlineMaxBytes } = this.options;
    const isLarge = placement.sizeBytes > inlineMaxBytes || (placement.serving?.micros ?? 0) > INLINE_MAX_MICROS;
    const detached = remote ?? (isLarge && !placement.serving?.split ? workers : undefined);
    if (detached === undefined) return inline.load(placement);
    const model = await detached.load(placement, this.verified.has(placement));
    this.verified.add(placement);
    return model;
  }
}
