import type { Clock, ProblemError, TenantId } from '@myriad/kernel';
import { DeficitRoundRobin } from '@myriad/placement';
import type { LineModel, LineRun } from './line-model.js';
import type { DetachedCall, DetachedRun } from './model-loader.port.js';
import { clientGone, deadlineExceeded, overloaded, tenantBusy } from './realtime-problem.js';

export interface FairLineOptions {
  /** Runs under way at the same time, ≥ 1. */
  readonly parallel: number;
  /** Of those, how many get on at the same time; the others only stand ready. Default `parallel`. */
  readonly abreast?: number;
  /** Requests of a tenant that may wait, ≥ 1. */
  readonly waitingPerTenant: number;
  /** A request is not taken on when it is expected to wait longer, milliseconds. */
  readonly maxWaitMs: number;
  readonly clock: Pick<Clock, 'nowMs'>;
}

export interface LineState {
  readonly waiting: number;
  readonly running: number;
  readonly runs: number;
  /** Requests that ran; more than runs where several ran together. */
  readonly ran: number;
  readonly refused: number;
  readonly expired: number;
  readonly left: number;
}

interface Waiting {
  readonly tenantId: TenantId;
  /** What it is expected to take, microseconds. */
  readonly cost: number;
  readonly call: DetachedCall;
  readonly model: LineModel;
  readonly form: string;
  state: 'waiting' | 'running' | 'over';
  end: (outcome: DetachedRun | Error) => void;
}

/** A tenant's turn, microseconds. */
const QUANTUM_MICROS = 2_000;
/** So often it is looked who has left, and whose deadline has passed, milliseconds. */
const SWEEP_MS = 20;

/**
 * Requests for what runs elsewhere, one worker thread or one server. Tenants take turns by what their requests are measured to take (`DeficitRoundRobin` of libs/placement); requests for one
 * model that wait at the same time run together where that changes nothing but the time. Who has left, or is too late, is answered at once and not run.
 */
export class FairLine {
  private readonly queue = new DeficitRoundRobin<Waiting>(QUANTUM_MICROS);
  private readonly waiting = new Map<TenantId, { count: number; micros: number }>();
  private readonly byModel = new Map<LineModel, Waiting[]>();
  private readonly running = new Map<readonly Waiting[], AbortController>();
  private waitingMicros = 0;
  private sweeper: NodeJS.Timeout | undefined;
  private counts = { runs: 0, ran: 0, refused: 0, expired: 0, left: 0 };

  constructor(private readonly options: FairLineOptions) {}

  get state(): LineState {
    let waiting = 0;
    for (const { count } of this.waiting.values()) waiting += count;
    return { waiting, running: this.running.size, ...this.counts };
  }

  /** What waits and runs is expected to take so long, microseconds. */
  get backlogMicros(): number {
    let micros = this.waitingMicros;
    for (const together of this.running.keys()) for (const { cost } of together) micros += cost;
    return micros;
  }

  /** Waits for its turn and runs. @throws {ProblemError} as `DetachedModel.run` */
  ask(model: LineModel, call: DetachedCall): Promise<DetachedRun> {
    const cost = model.expected(call.rows);
    const refusal = this.refusalOf(call) ?? this.noRoomFor(call.tenantId, cost);
    if (refusal !== undefined) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      const { tenantId } = call;
      const end: Waiting['end'] = (outcome) => {
        if (outcome instanceof Error) reject(outcome);
        else resolve(outcome);
      };
      this.enter({ tenantId, cost, call, model, form: model.formOf(call), state: 'waiting', end });
      this.work();
    });
  }

  /** Refuses all that waits. */
  close(error: ProblemError): void {
    for (const items of [...this.byModel.values()]) for (const item of [...items]) this.end(item, error);
  }

  private noRoomFor(tenantId: TenantId, cost: number): ProblemError | undefined {
    const { waitingPerTenant, maxWaitMs, abreast = this.options.parallel } = this.options;
    const own = this.waiting.get(tenantId) ?? { count: 0, micros: 0 };
    let refusal: ProblemError | undefined;
    if (own.count >= waitingPerTenant) refusal = tenantBusy(tenantId, own.count);
    else {
      // in turns, a tenant waits for its own and as much of each other, but for no more than there is
      const tenants = this.waiting.size + (own.count === 0 ? 1 : 0);
      const waitMicros = Math.min(this.waitingMicros, tenants * (own.micros + cost)) / abreast;
      if (waitMicros > maxWaitMs * 1_000) refusal = overloaded(maxWaitMs);
    }
    if (refusal !== undefined) this.counts.refused += 1;
    return refusal;
  }

  private refusalOf({ deadlineMs, isGone }: DetachedCall): ProblemError | undefined {
    if (isGone?.() === true) {
      this.counts.left += 1;
      return clientGone();
    }
    if (deadlineMs === undefined || deadlineMs > this.options.clock.nowMs()) return undefined;
    this.counts.expired += 1;
    return deadlineExceeded();
  }

  private enter(item: Waiting): void {
    const own = this.waiting.get(item.tenantId) ?? { count: 0, micros: 0 };
    own.count += 1;
    own.micros += item.cost;
    this.waiting.set(item.tenantId, own);
    this.waitingMicros += item.cost;
    const others = this.byModel.get(item.model);
    if (others === undefined) this.byModel.set(item.model, [item]);
    else others.push(item);
    this.queue.push(item);
    this.sweeper ??= setInterval(() => {
      this.sweep();
    }, SWEEP_MS).unref();
  }

  /** It waits no more: it runs now, or never. */
  private leave(item: Waiting, state: 'running' | 'over'): void {
    item.state = state;
    const own = this.waiting.get(item.tenantId);
    if (own !== undefined) {
      own.count -= 1;
      own.micros -= item.cost;
      if (own.count === 0) this.waiting.delete(item.tenantId);
    }
    this.waitingMicros = this.waiting.size === 0 ? 0 : this.waitingMicros - item.cost;
    const others = this.byModel.get(item.model) ?? [];
    others.splice(others.indexOf(item), 1);
    if (others.length === 0) this.byModel.delete(item.model);
  }

  private end(item: Waiting, outcome: DetachedRun | Error): void {
    if (item.state === 'over') return;
    if (item.state === 'waiting') this.leave(item, 'over');
    item.state = 'over';
    item.end(outcome);
  }

  private sweep(): void {
    for (const items of [...this.byModel.values()]) for (const item of [...items]) this.endIfLate(item);
    for (const [together, nobodyWaits] of this.running) {
      for (const item of together) this.endIfLate(item);
      if (together.every(({ state }) => state === 'over')) nobodyWaits.abort();
    }
    if (this.byModel.size + this.running.size > 0) return;
    clearInterval(this.sweeper);
    this.sweeper = undefined;
  }

  private endIfLate(item: Waiting): void {
    if (item.state === 'over') return;
    const refusal = this.refusalOf(item.call);
    if (refusal !== undefined) this.end(item, refusal);
  }

  private work(): void {
    while (this.running.size < this.options.parallel) {
      const item = this.queue.pop();
      if (item === undefined) return;
      if (item.state === 'waiting') this.endIfLate(item);
      // what ran with another, or is not run at all, was charged as it was taken out
      if (item.state === 'waiting') void this.run(this.together(item));
      else this.queue.settle(item.tenantId, -item.cost);
    }
  }

  /** The request and those that may run with it. */
  private together(first: Waiting): readonly Waiting[] {
    this.leave(first, 'running');
    const chosen = [first];
    let room = first.model.rowsTogether - first.call.rows;
    for (const item of [...(this.byModel.get(first.model) ?? [])]) {
      if (room <= 0) break;
      if (item.form !== first.form || item.call.rows > room) continue;
      this.endIfLate(item);
      if (item.state !== 'waiting') continue;
      this.leave(item, 'running');
      this.queue.settle(item.tenantId, item.cost);
      chosen.push(item);
      room -= item.call.rows;
    }
    return chosen;
  }

  private async run(together: readonly Waiting[]): Promise<void> {
    const [{ model, tenantId }] = together as readonly [Waiting];
    const expected = together.reduce((sum, { cost }) => sum + cost, 0);
    const nobodyWaits = new AbortController();
    this.running.set(together, nobodyWaits);
    let outcome: LineRun | Error;
    try {
      outcome = await model.run(
        together.map(({ call }) => call),
        nobodyWaits.signal,
      );
    } catch (error) {
      outcome = error instanceof Error ? error : new Error(String(error));
    }
    this.running.delete(together);
    this.counts.runs += 1;
    this.counts.ran += together.length;
    this.queue.settle(tenantId, outcome instanceof Error ? -expected : outcome.micros - expected);
    // what comes next begins before answers are written
    this.work();
    for (const [at, item] of together.entries()) this.end(item, resultOf(outcome, together, at));
  }
}

function resultOf(outcome: LineRun | Error, together: readonly Waiting[], at: number): DetachedRun | Error {
  if (outcome instanceof Error) return outcome;
  const outputs = outcome.results[at] ?? new Error('no result came for the request');
  if (outputs instanceof Error) return outputs;
  const rows = together.reduce((sum, { call }) => sum + call.rows, 0);
  return { outputs, inferMicros: (outcome.micros * (together[at]?.call.rows ?? 0)) / rows };
}
