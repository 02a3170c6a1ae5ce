import { ProblemError, type Clock } from '@myriad/kernel';
import { EvictionIndex } from '@myriad/placement';
import type { Placement } from '../domain/placement.js';
import { LoadHistory } from './load-history.js';
import type { LoadedModel, ModelLoader } from './model-loader.port.js';
import { realtimeProblem } from './realtime-problem.js';

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

interface Resident {
  readonly placement: Placement;
  readonly model: LoadedModel;
  /** Its number in the eviction's index. */
  readonly entry: number;
}

/**
 * Versions in memory; first to go is what is used least for its bytes and comes back soonest (`EvictionIndex` of libs/placement), by the time its load took. A version that is asked for by many at once is loaded once; loads don't wait for each other.
 * A model is run in the same turn of the event loop as it was looked up, so nothing that runs is ever freed.
 */
export class ModelCache {
  private readonly models = new Map<string, Resident>();
  /** Keys of the models by their numbers in the index. */
  private readonly keys: string[] = [];
  private readonly eviction: EvictionIndex;
  private readonly stopwatch: () => number;
  private readonly loading = new Map<string, Promise<void>>();
  private readonly failures = new Map<string, NonNullable<Residence['failure']>>();
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
    return { models: this.models.size, bytes: this.eviction.bytes, loads, failures, evictions };
  }

  /** The version if it is in memory; use it before the next `await`. */
  peek(placement: Placement): LoadedModel | undefined {
    const resident = this.models.get(keyOf(placement));
    if (resident === undefined) return undefined;
    this.eviction.touch(resident.entry);
    return resident.model;
  }

  /** What is known of a version: in memory or not, and why its last load failed if it is not tried again yet. */
  look(placement: Placement): Residence {
    const key = keyOf(placement);
    const resident = this.models.get(key);
    const failure = this.failures.get(key);
    return {
      memoryBytes: resident?.model.memoryBytes ?? 0,
      uses: resident === undefined ? 0 : this.eviction.frequencyOf(resident.entry),
      tenantBytes: this.eviction.bytesOf(placement.tenantId),
      isLoading: this.loading.has(key),
      failure: failure !== undefined && failure.untilMs > this.clock.nowMs() ? failure : undefined,
    };
  }

  /** Resolves when the version was brought into memory; it may be pushed out again by others before the caller looks. @throws {ProblemError} `realtime.model_unavailable`. */
  async load(placement: Placement): Promise<void> {
    const key = keyOf(placement);
    if (this.models.has(key)) return;
    this.refuseFailed(key);
    let loading = this.loading.get(key);
    if (loading === undefined) {
      loading = this.start(placement).finally(() => this.loading.delete(key));
      this.loading.set(key, loading);
    }
    await loading;
  }

  /** Frees the version's memory now, and forgets that it failed. Its copy on disk stays: a rollback brings it back. */
  unload(placement: Placement): void {
    const key = keyOf(placement);
    this.failures.delete(key);
    this.free(key);
  }

  /** The version is not served any more: its memory and its place on disk are free. */
  forget(placement: Placement): void {
    this.unload(placement);
    this.loader.forget(placement);
  }

  /** Forgets a failure, so that the next load tries again at once. */
  forgetFailure(placement: Placement): void {
    this.failures.delete(keyOf(placement));
  }

  /** Whether a version of this size fits without pushing another out. */
  hasRoomFor(memoryBytes: number): boolean {
    return this.eviction.bytes + memoryBytes <= this.options.maxBytes;
  }

  /** Frees all; a load that is under way keeps nothing. */
  close(): Promise<void> {
    this.isClosed = true;
    for (const key of [...this.models.keys()]) this.free(key);
    return Promise.resolve();
  }

  private refuseFailed(key: string): void {
    const failure = this.failures.get(key);
    if (failure === undefined) return;
    if (failure.untilMs > this.clock.nowMs()) throw failure.error;
    this.failures.delete(key);
  }

  private async start(placement: Placement): Promise<void> {
    const key = keyOf(placement);
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
      this.failures.set(key, { error, untilMs: this.clock.nowMs() + this.options.retryAfterMs });
      throw error;
    }
  }

  private keep(placement: Placement, model: LoadedModel, loadMs: number): void {
    const { maxBytes } = this.options;
    const { tenantId } = placement;
    if (model.memoryBytes > maxBytes || this.isClosed) {
      model.dispose();
      throw new Error(`it takes ${model.memoryBytes} bytes of memory; ${maxBytes} are there for all models`);
    }
    for (const gone of this.eviction.makeRoom(tenantId, model.memoryBytes)) this.evict(gone, placement);
    const entry = this.eviction.add(tenantId, model.memoryBytes, loadMs);
    const key = keyOf(placement);
    this.models.set(key, { placement, model, entry });
    this.keys[entry] = key;
  }

  private evict(entry: number, newcomer: Placement): void {
    const key = this.keys[entry] ?? '';
    const resident = this.models.get(key);
    if (resident === undefined) return;
    this.history.evicted(resident.placement, {
      atMs: this.clock.nowMs(),
      uses: this.eviction.frequencyOf(entry),
      isForOwnTenant: newcomer.tenantId === resident.placement.tenantId,
    });
    this.models.delete(key);
    resident.model.dispose();
    this.evictions += 1;
  }

  private free(key: string): void {
    const resident = this.models.get(key);
    if (resident === undefined) return;
    this.models.delete(key);
    this.eviction.remove(resident.entry);
    resident.model.dispose();
  }
}

function keyOf(placement: Placement): string {
  return `${placement.tenantId}/${placement.versionId}`;
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
