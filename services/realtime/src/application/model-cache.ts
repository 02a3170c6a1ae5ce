import { ProblemError, type Clock } from '@myriad/kernel';
import type { Placement } from '../domain/placement.js';
import type { LoadedModel, ModelLoader } from './model-loader.port.js';
import { realtimeProblem } from './realtime-problem.js';

export interface ModelCacheOptions {
  /** Memory that models may take, bytes. */
  readonly maxBytes: number;
  /** A load that failed is not tried again for so long, milliseconds. */
  readonly retryAfterMs: number;
}

interface Failure {
  readonly error: ProblemError;
  readonly untilMs: number;
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
 * Versions in memory, the least recently used first to go. A version that is asked for by many at once is loaded once; loads don't wait for each other.
 * A model is run in the same turn of the event loop as it was looked up, so nothing that runs is ever freed.
 */
export class ModelCache {
  private readonly models = new Map<string, LoadedModel>();
  private readonly loading = new Map<string, Promise<void>>();
  private readonly failures = new Map<string, Failure>();
  private bytes = 0;
  private loads = 0;
  private failed = 0;
  private evictions = 0;
  private isClosed = false;

  constructor(
    private readonly loader: ModelLoader,
    private readonly options: ModelCacheOptions,
    private readonly clock: Clock,
  ) {}

  get state(): CacheState {
    const { bytes, loads, failed: failures, evictions } = this;
    return { models: this.models.size, bytes, loads, failures, evictions };
  }

  /** The version if it is in memory; use it before the next `await`. */
  peek(placement: Placement): LoadedModel | undefined {
    const key = keyOf(placement);
    const model = this.models.get(key);
    if (model === undefined) return undefined;
    this.models.delete(key);
    this.models.set(key, model);
    return model;
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

  /** Frees the version's memory now, and forgets that it failed. */
  unload(placement: Placement): void {
    const key = keyOf(placement);
    this.failures.delete(key);
    this.free(key);
  }

  /** Forgets a failure, so that the next load tries again at once. */
  forgetFailure(placement: Placement): void {
    this.failures.delete(keyOf(placement));
  }

  /** Whether a version of this size fits without pushing another out. */
  hasRoomFor(memoryBytes: number): boolean {
    return this.bytes + memoryBytes <= this.options.maxBytes;
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
    try {
      const model = await this.loader.load(placement);
      this.keep(key, model);
      this.loads += 1;
    } catch (cause) {
      this.failed += 1;
      const error = unavailable(placement, cause, this.options.retryAfterMs);
      this.failures.set(key, { error, untilMs: this.clock.nowMs() + this.options.retryAfterMs });
      throw error;
    }
  }

  private keep(key: string, model: LoadedModel): void {
    const { maxBytes } = this.options;
    if (model.memoryBytes > maxBytes || this.isClosed) {
      model.dispose();
      throw new Error(`it takes ${model.memoryBytes} bytes of memory; ${maxBytes} are there for all models`);
    }
    for (const oldest of this.models.keys()) {
      if (this.bytes + model.memoryBytes <= maxBytes) break;
      this.free(oldest);
      this.evictions += 1;
    }
    this.models.set(key, model);
    this.bytes += model.memoryBytes;
  }

  private free(key: string): void {
    const model = this.models.get(key);
    if (model === undefined) return;
    this.models.delete(key);
    this.bytes -= model.memoryBytes;
    model.dispose();
  }
}

function keyOf(placement: Placement): string {
  return `${placement.tenantId}/${placement.versionId}`;
}

function unavailable(placement: Placement, cause: unknown, retryAfterMs: number): ProblemError {
  const reason = cause instanceof ProblemError && cause.kind === 'internal' ? 'an internal error' : messageOf(cause);
  return realtimeProblem(
    'unavailable',
    'model_unavailable',
    `version ${placement.version} of model '${placement.modelName}' can't be loaded: ${reason}`,
    { cause, retryAfterSeconds: Math.ceil(retryAfterMs / 1000) },
  );
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
