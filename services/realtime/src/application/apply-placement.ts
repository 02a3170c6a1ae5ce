import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock } from '@myriad/kernel';
import type { Logger } from '@myriad/telemetry';
import type { Placement } from '../domain/placement.js';
import type { RoutingTable } from '../domain/routing-table.js';
import type { EventSink, ModelState } from './event-sink.port.js';
import { memoryOf } from './load-onnx-model.js';
import type { ModelCache } from './model-cache.js';
import { TaskQueue } from './task-queue.js';

export interface ApplyPlacementOptions {
  readonly table: RoutingTable;
  readonly cache: ModelCache;
  readonly events: EventSink;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly replicaId: string;
}

/** Loads at the same time: enough to hide the store's latency, few enough to leave predictions the core. */
const PARALLEL_LOADS = 4;
/** A placement that waits for the start, with the trace that it was made in: a rollout may wait for it. */
interface Waiting {
  readonly placement: Placement;
  readonly atMs: number;
  readonly within: ReturnType<typeof AsyncLocalStorage.snapshot>;
}

/** Pauses before another try of a load that failed for want of something outside, milliseconds. */
const RETRY_PAUSES_MS = [200, 1_000];
/** Placements newer than this are loaded at start even when older ones must leave the memory: a rollout may wait for them. */
const RECENT_MS = 3_600_000;

/**
 * Follows the placements. A model's first version answers as soon as it is placed (requests wait for its load); another version is loaded and checked first, while the one before
 * goes on answering, and then takes over between two requests.
 */
export class ApplyPlacement {
  private readonly queue = new TaskQueue(PARALLEL_LOADS);
  /** One after the other: each looks whether there is still room, and predictions come first. */
  private readonly warmUp = new TaskQueue(1);
  /** Placements read before the tail has caught up, with the time of their event; undefined afterwards. */
  private backlog: Map<string, Waiting> | undefined = new Map();

  constructor(private readonly options: ApplyPlacementOptions) {}

  /** Takes in one placement, in the order of the log. */
  apply(placement: Placement, atMs: number): void {
    const change = this.options.table.apply(placement);
    const key = `${placement.tenantId}/${placement.modelName}`;
    switch (change.kind) {
      case 'none':
        return;
      case 'removed':
        this.backlog?.delete(key);
        this.options.cache.forget(change.previous);
        this.report(
          { ...change.previous, generation: placement.generation },
          'unloaded',
          'the placement was removed',
          0,
        );
        return;
      case 'pending':
      case 'served':
        if (this.backlog === undefined) this.enqueue(placement);
        else this.catchUp(key, placement, atMs);
    }
  }

  /** Called once when the tail has caught up: loads the newest placements first, as far as there is room. */
  start(): void {
    const backlog = [...(this.backlog?.values() ?? [])].sort((a, b) => b.atMs - a.atMs);
    this.backlog = undefined;
    const nowMs = this.options.clock.nowMs();
    for (const { placement, atMs, within } of backlog) {
      const isRecent = nowMs - atMs < RECENT_MS;
      this.warmUp.add(async () => {
        if (isRecent) await within(() => this.bringIn(placement));
        else if (this.options.cache.hasRoomFor(memoryOf(placement))) await this.bringIn(placement);
      });
    }
  }

  /** Resolves when nothing is being loaded. */
  async idle(): Promise<void> {
    await this.warmUp.idle();
    await this.queue.idle();
  }

  /** Drops loads that have not begun and waits for the others. */
  async close(): Promise<void> {
    this.warmUp.clear();
    this.queue.clear();
    await this.idle();
  }

  /** What stands in the log at the start was checked when it was placed: its newest version answers. */
  private catchUp(key: string, placement: Placement, atMs: number): void {
    this.takeOver(placement);
    this.backlog?.set(key, { placement, atMs, within: AsyncLocalStorage.snapshot() });
  }

  private enqueue(placement: Placement): void {
    this.options.cache.forgetFailure(placement);
    this.queue.add(() => this.bringIn(placement));
  }

  private async bringIn(placement: Placement): Promise<void> {
    const { table, cache, clock, logger } = this.options;
    if (!table.isCurrent(placement)) return;
    const startMs = clock.nowMs();
    try {
      await this.loadWithRetries(placement);
    } catch (error) {
      logger.warn(
        { tenantId: placement.tenantId, modelName: placement.modelName, version: placement.version, err: error },
        'a placed version could not be loaded',
      );
      this.report(placement, 'failed', error instanceof Error ? error.message : String(error), clock.nowMs() - startMs);
      return;
    }
    if (!table.isCurrent(placement)) {
      cache.unload(placement);
      return;
    }
    this.takeOver(placement);
    this.report(placement, 'ready', '', clock.nowMs() - startMs);
  }

  /** Nobody can ask for the version before any more: its memory is for models that answer. */
  private takeOver(placement: Placement): void {
    const before = this.options.table.promote(placement);
    if (before !== undefined && before.versionId !== placement.versionId) this.options.cache.unload(before);
  }

  private async loadWithRetries(placement: Placement): Promise<void> {
    const { cache, clock, table } = this.options;
    for (const pauseMs of RETRY_PAUSES_MS) {
      try {
        await cache.load(placement);
        return;
      } catch {
        if (!table.isCurrent(placement)) return;
        await clock.sleep(pauseMs);
        cache.forgetFailure(placement);
      }
    }
    await cache.load(placement);
  }

  private report(placement: Placement, state: ModelState['state'], reason: string, loadMs: number): void {
    const { tenantId, modelName, version, versionId, application, environment, pool, generation } = placement;
    this.options.events.modelState({
      tenantId,
      modelName,
      version,
      versionId,
      application,
      environment: environment as ModelState['environment'],
      pool,
      replicaId: this.options.replicaId,
      generation,
      state,
      reason,
      loadMs,
    });
  }
}
