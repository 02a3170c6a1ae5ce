import { ProblemError, type Clock } from '@myriad/kernel';
import { EvictionIndex } from '@myriad/placement';
import type { Placement } from '../domain/placement.js';
import { LoadHistory } from './load-history.js';
import type { LoadedModel, ModelLoader } from './model-loader.port.js';
import { realtimeProblem } from './realtime-problem.js';
import { Residents } from './residents.js';

export interface ModelCacheOptions {
  /** Memory that models may take, bytes. */
  readonly maxBytes: number;
  /** What a tenant keeps of it while others have more than theirs, bytes. Default 0. */
  readonly tenantFloorBytes?: number;
  /** A tenant with more than this gives way first, bytes. Default: none does. */
  readonly tenantCeilingBytes?: number;
  /** A load that failed is not tried again for so long, milliseconds. */
  readonly retryAfterMs: number;
  /** Measures what loads cost, milliseconds. Default `performance.now`. */
  readonly stopwatch?: () => number;
}

/** What is known of one version. */
export interface Residence {
  /** 0 when it is not in memory. */
  readonly memoryBytes: number;
  /** How often it was asked for since it came into memory. */
  readonly uses: number;
  /** What all versions of its tenant take. */
  readonly tenantBytes: number;
  readonly isLoading: boolean;
  /** Set while a load that failed is not tried again. */
  readonly failure: { readonly error: ProblemError; readonly untilMs: number } | undefined;
}

/** What the cache holds and did, for metrics. */
export interface CacheState {
  readonly models: number;
  readonly bytes: number;
  readonly loads: number;
  readonly failures: number;
  readonly evictions: number;
}

/**
 * Versions in memory; first to go is what is used least for its bytes and comes back soonest (`EvictionIndex` of libs/placement), by the time its load took. A version that is asked for by many at once is loaded once; loads don't wait for each other.
 * A model is run in the same turn of the event loop as it was looked up, so nothing that runs is ever freed.
 */
export class ModelCache {
  private readonly residents = new Residents();
  private readonly eviction: EvictionIndex;
  private readonly stopwatch: () => number;
  /** By stamp, as the failures. */
  private readonly loading = new Map<number, Promise<void>>();
  private readonly failures = new Map<number, NonNullable<Residence['failure']>>();
  private loads = 0;
  private failed = 0;
  private evictions = 0;
  private isClosed = false;

  constructor(
    private readonly loader: ModelLoader,
    private readonly options: ModelCacheOptions,
    private readonly clock: Clock,
    private readonly history = new LoadHistory(),
  ) {
    const { maxBytes, tenantFloorBytes: floorBytes = 0, tenantCeilingBytes: ceilingBytes = Infinity } = options;
    this.eviction = new EvictionIndex({ maxBytes, floorBytes, ceilingBytes });
    this.stopwatch = options.stopwatch ?? (() => performance.now());
  }

  get state(): CacheState {
    const { loads, failed: failures, evictions } = this;
    return { models: this.residents.size, bytes: this.eviction.bytes, loads, failures, evictions };
  }

  /** The version if it is in memory; use it before the next `await`. */
  peek(placement: Placement): LoadedModel | undefined {
    const model = this.residents.get(placement);
    if (model !== undefined) this.eviction.touch(this.residents.entryOf(placement.row));
    return model;
  }

  /** Whether it is in memory. */
  has(placement: Placement): boolean {
    return this.residents.get(placement) !== undefined;
  }

  /** What is known of a version: in memory or not, and why its last load failed if it is not tried again yet. */
  look(placement: Placement): Residence {
    const model = this.residents.get(placement);
    const failure = this.failures.get(placement.stamp);
    return {
      memoryBytes: model?.memoryBytes ?? 0,
      uses: model === undefined ? 0 : this.eviction.frequencyOf(this.residents.entryOf(placement.row)),
      tenantBytes: this.eviction.bytesOf(placement.tenant),
      isLoading: this.loading.has(placement.stamp),
      failure: failure !== undefined && failure.untilMs > this.clock.nowMs() ? failure : undefined,
    };
  }

  /** Resolves when the version was brought into memory; it may be pushed out again by others before the caller looks. @throws {ProblemError} `realtime.model_unavailable`. */
  async load(placement: Placement): Promise<void> {
    if (this.has(placement)) return;
    const { stamp } = placement;
    this.refuseFailed(stamp);
    let loading = this.loading.get(stamp);
    if (loading === undefined) {
      loading = this.start(placement).finally(() => this.loading.delete(stamp));
      this.loading.set(stamp, loading);
    }
    await loading;
  }

  /** Frees the version's memory now, and forgets that it failed. Its copy on disk stays: a rollback brings it back. */
  unload(placement: Placement): void {
    this.failures.delete(placement.stamp);
    if (this.has(placement)) this.free(placement.row);
  }

  /** The version is not served any more: its memory and its place on disk are free. */
  forget(placement: Placement): void {
    this.unload(placement);
    this.loader.forget(placement);
  }

  /** Forgets a failure, so that the next load tries again at once. */
  forgetFailure(placement: Placement): void {
    this.failures.delete(placement.stamp);
  }

  /** Whether a version of this size fits without pushing another out. */
  hasRoomFor(memoryBytes: number): boolean {
    return this.eviction.bytes + memoryBytes <= this.options.maxBytes;
  }

  /** Frees all; a load that is under way keeps nothing. */
  close(): Promise<void> {
    this.isClosed = true;
    for (const { row } of this.residents) this.free(row);
    return Promise.resolve();
  }

  private refuseFailed(stamp: number): void {
    const failure = this.failures.get(stamp);
    if (failure === undefined) return;
    if (failure.untilMs > this.clock.nowMs()) throw failure.error;
    this.failures.delete(stamp);
  }

  private async start(placement: Placement): Promise<void> {
    const from = this.loader.tierOf(placement);
    const startedAtMs = this.clock.nowMs();
    const startedMs = this.stopwatch();
    const remember = (reason: string): void => {
      const tookMs = this.stopwatch() - startedMs;
      this.history.loaded(placement, { startedAtMs, tookMs, from, reason });
    };
    try {
      const model = await this.loader.load(placement);
      this.keep(placement, model, this.stopwatch() - startedMs);
      this.loads += 1;
      remember('');
    } catch (cause) {
      this.failed += 1;
      remember(reasonOf(cause));
      const error = unavailable(placement, cause, this.options.retryAfterMs);
      this.failures.set(placement.stamp, { error, untilMs: this.clock.nowMs() + this.options.retryAfterMs });
      throw error;
    }
  }

  private keep(placement: Placement, model: LoadedModel, loadMs: number): void {
    const { maxBytes } = this.options;
    const { tenant, row } = placement;
    if (model.memoryBytes > maxBytes || this.isClosed) {
      model.dispose();
      throw new Error(`it takes ${model.memoryBytes} bytes of memory; ${maxBytes} are there for all models`);
    }
    const other = this.residents.inRow(row);
    // replaced while it was loaded: the row belongs to a later version, and whoever waited looks again
    if (other !== undefined && other.stamp > placement.stamp) {
      model.dispose();
      return;
    }
    if (other !== undefined) this.free(row);
    for (const gone of this.eviction.makeRoom(tenant, model.memoryBytes)) this.evict(gone, placement);
    this.residents.set(placement, model, this.eviction.add(tenant, model.memoryBytes, loadMs));
  }

  private evict(entry: number, newcomer: Placement): void {
    const resident = this.residents.atEntry(entry);
    this.history.evicted(resident, {
      atMs: this.clock.nowMs(),
      uses: this.eviction.frequencyOf(entry),
      isForOwnTenant: newcomer.tenant === this.eviction.tenantOf(entry),
    });
    this.take(resident.row);
    this.evictions += 1;
  }

  private free(row: number): void {
    this.eviction.remove(this.residents.entryOf(row));
    this.take(row);
  }

  private take(row: number): void {
    const resident = this.residents.inRow(row);
    if (resident === undefined) return;
    const model = this.residents.get(resident);
    this.residents.delete(row);
    model?.dispose();
  }
}

function unavailable(placement: Placement, cause: unknown, retryAfterMs: number): ProblemError {
  return realtimeProblem(
    'unavailable',
    'model_unavailable',
    `version ${placement.version} of model '${placement.modelName}' can't be loaded: ${reasonOf(cause)}`,
    { cause, retryAfterSeconds: Math.ceil(retryAfterMs / 1000) },
  );
}

function reasonOf(cause: unknown): string {
  if (cause instanceof ProblemError && cause.kind === 'internal') return 'an internal error';
  return cause instanceof Error ? cause.message : String(cause);
}
