import type { Clock } from '@myriad/kernel';
import type { Logger } from '@myriad/telemetry';
import type { Placement, PlacementChange, PlacementRow } from '../domain/placement.js';
import type { RouteChange, RoutingTable } from '../domain/routing-table.js';
import type { TrialComparisons } from '../domain/trial-comparisons.js';
import type { EventSink, ModelState } from './event-sink.port.js';
import { memoryOf } from './load-onnx-model.js';
import type { ModelCache } from './model-cache.js';
import { TaskQueue } from './task-queue.js';
import { WarmUp } from './warm-up.js';

export interface ApplyPlacementOptions {
  readonly table: RoutingTable;
  readonly cache: ModelCache;
  readonly events: EventSink;
  readonly comparisons: TrialComparisons;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly replicaId: string;
}

/** Loads at the same time: enough to hide the store's latency, few enough to leave predictions the core. */
const PARALLEL_LOADS = 4;
/** Pauses before another try of a load that failed for want of something outside, milliseconds. */
const RETRY_PAUSES_MS = [200, 1_000];
/** Placements newer than this are loaded at start even when older ones must leave the memory, and told of: a rollout may wait for them. */
const RECENT_MS = 3_600_000;
/** So many versions that have no room are passed over before the event loop has its turn. */
const PASSED_AT_ONCE = 500;

/**
 * Follows the placements. A model's first version answers as soon as it is placed (requests wait for its load); another version is loaded and checked first, while the one before
 * goes on answering, and then takes over between two requests. One that is only tried beside it is loaded like that and takes over from nobody.
 */
export class ApplyPlacement {
  private readonly queue = new TaskQueue(PARALLEL_LOADS);
  /** What is read before the tail has caught up; undefined afterwards. */
  private backlog: WarmUp | undefined;
  private warmingUp: Promise<void> = Promise.resolve();
  private isClosed = false;

  constructor(private readonly options: ApplyPlacementOptions) {
    this.backlog = new WarmUp(options.clock.nowMs() - RECENT_MS);
  }

  /** Takes in one placement, in the order of the log. */
  apply(placement: PlacementChange, atMs: number): void {
    const change = this.options.table.apply(placement);
    if (change.kind === 'none') return;
    if (change.kind === 'removed') {
      this.removed(change, placement.generation);
      return;
    }
    for (const dropped of change.dropped) this.letGo(dropped);
    if (change.candidateRow >= 0) this.asked(change.candidateRow, atMs);
    this.asked(change.row, atMs);
  }

  /** The version that a change placed here, if it is like others that have the same in common: alone, with no other one tried beside it. */
  likeOf({ tenantId, modelName, versionId, candidate }: PlacementChange): Placement | undefined {
    if (candidate != null) return undefined;
    const placement = this.options.table.find(tenantId, modelName);
    return placement?.versionId === versionId ? placement : undefined;
  }

  /** Whether a rollout may wait for what was placed then: its trace goes on when it is loaded. */
  isRecent(atMs: number): boolean {
    return this.backlog?.isRecent(atMs) === true;
  }

  /**
   * Takes in the first placement of a model by its row of a snapshot, while what stands in the log at the start is read; within its trace where it {@link isRecent}.
   * @param like the row of the routing table of a version that differs from it in nothing but what the row says
   * @returns false where it is for {@link apply}: the model is known
   */
  applyRow(like: Pick<Placement, 'row' | 'stamp'>, placed: PlacementRow, atMs: number): boolean {
    const { backlog } = this;
    if (backlog === undefined || !this.options.table.isThere(like)) return false;
    const row = this.options.table.placeLike(like.row, placed);
    if (row < 0) return false;
    backlog.add(row, atMs);
    return true;
  }

  /** Called once when the tail has caught up: loads the newest placements first, as far as there is room. */
  start(): void {
    const { backlog } = this;
    this.backlog = undefined;
    if (backlog !== undefined) this.warmingUp = this.warmUp(backlog);
  }

  /** Resolves when nothing is being loaded. */
  async idle(): Promise<void> {
    await this.warmingUp;
    await this.queue.idle();
  }

  /** Drops loads that have not begun and waits for the others. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.queue.clear();
    await this.idle();
  }

  private removed({ previous, dropped }: RouteChange & { kind: 'removed' }, generation: number): void {
    for (const placement of dropped) {
      this.options.comparisons.forget(placement);
      this.backlog?.delete(placement.row);
      this.options.cache.forget(placement);
    }
    this.report({ ...previous, generation }, 'unloaded', 'the placement was removed', 0);
  }

  private asked(row: number, atMs: number): void {
    const placement = this.backlog === undefined ? this.options.table.placementAt(row) : undefined;
    if (placement !== undefined) this.enqueue(placement);
    else this.catchUp(row, atMs);
  }

  /** What stands in the log at the start was checked when it was placed: its newest version answers. */
  private catchUp(row: number, atMs: number): void {
    const before = this.options.table.promoteRow(row);
    if (before !== undefined) this.letGo(before);
    this.backlog?.add(row, atMs);
  }

  /** One after the other: each looks whether there is still room, and predictions come first. */
  private async warmUp(backlog: WarmUp): Promise<void> {
    const { table, cache, clock } = this.options;
    let passed = 0;
    for (const { row, isRecent, within } of backlog.newestFirst(clock.nowMs())) {
      const placement = table.readAt(row);
      if (this.isClosed) return;
      if (placement === undefined) continue;
      if (isRecent) await (within?.(() => this.bringIn(placement)) ?? this.bringIn(placement));
      else if (cache.hasRoomFor(memoryOf(placement))) await this.bringIn(placement, { isTold: false });
      else if ((passed += 1) % PASSED_AT_ONCE === 0) await new Promise(setImmediate);
    }
  }

  private enqueue(placement: Placement): void {
    this.options.cache.forgetFailure(placement);
    this.queue.add(() => this.bringIn(placement));
  }

  private async bringIn(placement: Placement, { isTold } = { isTold: true }): Promise<void> {
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
    const before = table.promote(placement);
    if (before !== undefined) this.letGo(before);
    if (isTold) this.report(placement, 'ready', '', clock.nowMs() - startMs);
  }

  /** Nobody can ask for the version any more: its memory is for models that answer. Its copy on disk stays, for a rollback. */
  private letGo(placement: Placement): void {
    this.options.comparisons.forget(placement);
    this.backlog?.delete(placement.row);
    if (!this.options.table.isCurrent(placement)) this.options.cache.unload(placement);
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
