import { DeficitRoundRobin } from '@myriad/placement';
import type { Clock, ProblemError, TenantId } from '@myriad/kernel';
import { HeldRefusals } from './held-refusals.js';
import { Presence } from './presence.js';
import { clientGone, deadlineExceeded, overloaded, tenantBusy } from './realtime-problem.js';

export interface FairTurnsOptions {
  /** Requests of a tenant that may wait, for a load or for their turn, ≥ 1. */
  readonly waitingPerTenant: number;
  /** Nothing is taken on while what waits is expected to take longer than this, milliseconds. */
  readonly maxWaitMs: number;
  readonly clock: Pick<Clock, 'nowMs'>;
  /** Measures work, milliseconds. Default `performance.now`. */
  readonly stopwatch?: () => number;
  /** Runs what is given after what the event loop has read. Default `setImmediate`. */
  readonly defer?: (run: () => void) => void;
}

/** Work that can't run at once. */
export interface Turn<T> {
  readonly tenantId: TenantId;
  /** Unix milliseconds after which it is not run. */
  readonly deadlineMs?: number | undefined;
  /** Whether whoever asked has left; it is not run then. */
  readonly isGone?: (() => boolean) | undefined;
  /** Runs in one go. */
  readonly run: () => T;
}

interface Waiting {
  readonly tenantId: TenantId;
  readonly cost: number;
  /** Runs it, or refuses it; tells whether it ran. */
  readonly start: () => boolean;
}

/** Of a tenant, while anything is. */
interface Taken {
  count: number;
  /** What a request of it costs, a moving mean, microseconds. */
  micros: number;
  /** Since when its line has not been short, on the stopwatch. */
  longSinceMs?: number | undefined;
}

/** A tenant's turn, microseconds: some small models. */
const QUANTUM_MICROS = 500;
/** So many requests, or so much work, one after the other run without a queue; then whoever else asked has to be heard. */
const MOST_AT_ONCE = 32;
const MOST_AT_ONCE_MS = 1;
/** Who comes after such a pause finds nobody before it, milliseconds. */
const PAUSE_MS = 0.2;
/** The queue works for so long before the event loop reads on, milliseconds: who has its turn next is heard after that and not before. */
const SLICE_MS = 0.2;
/**
 * A tenant that had more than this in line for so long, milliseconds, has no burst but a flood: what stands in its line gets nothing by it, and is copied by each collection of garbage that
 * everybody waits for. While others ask, too, its line is short then.
 */
const SHORT_LINE = 32;
const STANDING_MS = 250;
/** Who asked within so long is there, milliseconds. */
const PRESENT_MS = 1_000;
/**
 * A tenant is charged for a request with at most so many times what its requests cost: a collection of garbage, or another process on the same core, is time that passes while a request
 * runs and not what it took; whoever was charged with 10 ms of that waited for a hundred turns.
 */
const MOST_TIMES_MEAN = 4;
/**
 * Whose request runs next on the one thread. Alone, a request runs at once, for the price of a few comparisons. When more come than the thread can run they wait, and tenants take turns by what
 * their requests cost (`DeficitRoundRobin` of libs/placement). What has expired, or whose client has left, is not run.
 */
export class FairTurns {
  private readonly queue = new DeficitRoundRobin<Waiting>(QUANTUM_MICROS);
  private readonly taken = new Map<TenantId, Taken>();
  private readonly stopwatch: () => number;
  private readonly defer: (run: () => void) => void;
  private readonly refusals = new HeldRefusals();
  private readonly presence = new Presence();
  private isDeferred = false;
  private atOnce = 0;
  private atOnceMs = 0;
  private lastEndMs = 0;
  /** What a request costs, a moving mean, microseconds. */
  private meanMicros = 100;
  private counts = { refused: 0, expired: 0, left: 0 };

  constructor(private readonly options: FairTurnsOptions) {
    this.stopwatch = options.stopwatch ?? (() => performance.now());
    this.defer = options.defer ?? ((run) => setImmediate(run));
  }

  /** What waits, and what was not run, for metrics. */
  get state(): { readonly waiting: number; readonly refused: number; readonly expired: number; readonly left: number } {
    return { waiting: this.queue.size, ...this.counts };
  }

  /** Requests of the tenant that are taken on and not answered. */
  waitingOf(tenantId: TenantId): number {
    return this.taken.get(tenantId)?.count ?? 0;
  }

  /** Whether a request of the tenant may run now: nobody, or nobody whose turn is before, waits. {@link ranAtOnce} is to be told then. */
  isFree(tenantId: TenantId): boolean {
    const nowMs = this.stopwatch();
    this.presence.seen(tenantId, nowMs);
    if (this.queue.size > 0 && !this.queue.isNext(tenantId)) return false;
    if (nowMs - this.lastEndMs > PAUSE_MS) this.atOnce = this.atOnceMs = 0;
    return this.atOnce < MOST_AT_ONCE && this.atOnceMs < MOST_AT_ONCE_MS;
  }

  /** A request that had not to wait ran from `startMs` to `endMs` on the stopwatch. */
  ranAtOnce(tenantId: TenantId, startMs: number, endMs: number): void {
    this.atOnce += 1;
    this.atOnceMs += endMs - startMs;
    this.lastEndMs = endMs;
    const micros = this.learn((endMs - startMs) * 1_000);
    if (this.queue.size > 0) this.queue.charge(tenantId, micros);
  }

  /**
   * Takes on a request that has to wait. The function is to be called when it was answered.
   * @throws {ProblemError} `realtime.tenant_busy` when the tenant has as many waiting as it may, `realtime.overloaded` when what waits takes too long already
   */
  takeOn(tenantId: TenantId): () => void {
    const own = this.taken.get(tenantId) ?? { count: 0, micros: this.meanMicros };
    const refusal = this.noRoomFor(tenantId, own);
    if (refusal !== undefined) throw refusal;
    own.count += 1;
    this.taken.set(tenantId, own);
    return () => {
      own.count -= 1;
      if (own.count === 0) this.taken.delete(tenantId);
    };
  }

  /** Resolves to what `run` returns when it had its turn. @throws {ProblemError} `realtime.deadline_exceeded`, `realtime.client_gone`, and what `run` throws */
  wait<T>(turn: Turn<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const start = (): boolean => {
        const refusal: ProblemError | undefined = this.refusalOf(turn);
        try {
          if (refusal === undefined) resolve(turn.run());
          else reject(refusal);
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
        return refusal === undefined;
      };
      const cost = this.taken.get(turn.tenantId)?.micros ?? this.meanMicros;
      this.queue.push({ tenantId: turn.tenantId, cost, start });
      this.schedule();
    });
  }

  /** Why a request of the tenant would not be taken on, when it may be told; undefined for one that may come. */
  refusal(tenantId: TenantId): Promise<ProblemError> | undefined {
    const own = this.taken.get(tenantId);
    const refusal = own === undefined ? undefined : this.noRoomFor(tenantId, own);
    return refusal && this.refusing().then(() => refusal);
  }

  /** Resolves when a refusal may be told. */
  refusing(): Promise<void> {
    return this.refusals.hold(this.queue.size > 0);
  }

  private noRoomFor(tenantId: TenantId, own: Taken): ProblemError | undefined {
    const { waitingPerTenant, maxWaitMs } = this.options;
    let refusal: ProblemError | undefined;
    if (own.count >= waitingPerTenant) refusal = tenantBusy(tenantId, own.count);
    else if (this.isStanding(tenantId, own)) refusal = tenantBusy(tenantId, SHORT_LINE);
    else {
      // in turns, a tenant waits for its own and as much of each other, but for no more than there is
      const waitMicros = Math.min(this.queue.cost, (this.taken.size + 1) * (own.count + 1) * this.meanMicros);
      if (waitMicros > maxWaitMs * 1_000) refusal = overloaded(maxWaitMs);
    }
    if (refusal !== undefined) this.counts.refused += 1;
    return refusal;
  }

  /** Whether the tenant's line is full because it is always long. */
  private isStanding(tenantId: TenantId, own: Taken): boolean {
    const length = this.queue.sizeOf(tenantId);
    if (length < SHORT_LINE) {
      if (length < SHORT_LINE / 2) own.longSinceMs = undefined;
      return false;
    }
    const nowMs = this.stopwatch();
    own.longSinceMs ??= nowMs;
    return nowMs - own.longSinceMs > STANDING_MS && this.presence.isAnotherThan(tenantId, nowMs - PRESENT_MS);
  }

  private refusalOf({ deadlineMs, isGone }: Pick<Turn<unknown>, 'deadlineMs' | 'isGone'>): ProblemError | undefined {
    if (isGone?.() === true) {
      this.counts.left += 1;
      return clientGone();
    }
    if (deadlineMs === undefined || deadlineMs > this.options.clock.nowMs()) return undefined;
    this.counts.expired += 1;
    return deadlineExceeded();
  }

  private schedule(): void {
    if (this.isDeferred) return;
    this.isDeferred = true;
    this.defer(() => {
      this.isDeferred = false;
      this.work();
    });
  }

  private work(): void {
    let startMs = this.stopwatch();
    const untilMs = startMs + SLICE_MS;
    for (let next = this.queue.pop(); next !== undefined; next = this.queue.pop()) {
      const hasRun = next.start();
      const endMs = this.stopwatch();
      this.queue.settle(
        next.tenantId,
        (hasRun ? this.charged(next.tenantId, (endMs - startMs) * 1_000) : 0) - next.cost,
      );
      startMs = endMs;
      if (endMs >= untilMs) break;
    }
    this.lastEndMs = startMs;
    this.atOnce = this.atOnceMs = 0;
    this.refusals.tell(this.queue.size > 0, startMs);
    if (this.queue.size + this.refusals.size > 0) this.schedule();
  }

  /** What a tenant is charged with for a request that took so long, microseconds. */
  private charged(tenantId: TenantId, tookMicros: number): number {
    const micros = this.learn(tookMicros);
    const own = this.taken.get(tenantId);
    if (own === undefined) return micros;
    const most = Math.min(tookMicros, MOST_TIMES_MEAN * own.micros);
    own.micros += (most - own.micros) / 8;
    return most;
  }

  /** Takes a request into the mean; tells what it took, or the most that one is taken for, microseconds. */
  private learn(tookMicros: number): number {
    const micros = Math.min(tookMicros, MOST_TIMES_MEAN * this.meanMicros);
    this.meanMicros += (micros - this.meanMicros) / 64;
    return micros;
  }
}
