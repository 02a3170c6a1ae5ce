import type { ModelStatistics } from '../domain/model-statistics.js';
import type { Placement } from '../domain/placement.js';
import type { ChooseRuntime } from './choose-runtime.js';
import type { ModelCache } from './model-cache.js';

/** Before so many answers little is known: the first runs are slow. */
const MIN_REQUESTS = 20;
/** Of all answers so many must have taken long: any run may be interrupted, and on a busy machine many are. */
const SHARE = 0.9;

/** Moves versions off the one thread that hold it for long nearly every time; those that are served from a skeleton stay, for whole they would give other bits. */
export class MoveLongRuns {
  /** By the stamp of a version; few run for long. */
  private readonly longRuns = new Map<number, number>();

  constructor(
    private readonly statistics: ModelStatistics,
    private readonly runtimes: ChooseRuntime,
    private readonly cache: ModelCache,
  ) {}

  /** A run held the thread for long; called after its answer. */
  heldThread(placement: Placement): void {
    if (placement.serving?.split) return;
    const { stamp } = placement;
    const long = (this.longRuns.get(stamp) ?? 0) + 1;
    this.longRuns.set(stamp, long);
    const { requests } = this.statistics.of(placement);
    if (requests < MIN_REQUESTS || long < SHARE * requests) return;
    this.longRuns.delete(stamp);
    this.runtimes.runsLong(placement);
    this.cache.unload(placement);
  }
}
