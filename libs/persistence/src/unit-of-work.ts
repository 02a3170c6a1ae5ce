import type { CloudEvent } from '@myriad/contracts';
import { ProblemError, type RequestContext } from '@myriad/kernel';
import { currentTraceparent, withSpan } from '@myriad/telemetry';
import type { Database } from './database.js';
import { HandleGroup, remember, type HandleEntry } from './handle-group.js';
import type { EventOrigin } from './outbox-event.js';
import { KeptStep } from './kept-step.js';
import { asProblem, isTransient } from './pg-errors.js';
import { Session, type Isolation } from './session.js';
import { ACROSS_TENANTS } from './tenant-table.js';
import { OpenTx, type Tx } from './tx.js';

const MAX_RETRIES = 3;
const RETRY_BASE_MS = 10;

export interface RunOptions {
  /** Default `READ COMMITTED`. */
  readonly isolation?: Isolation;
}

export interface AcrossOptions extends RunOptions {
  /** The request that the work is a part of, when it writes: so that it is done once (`RequestContext.once`). */
  readonly partOf?: RequestContext;
}

export interface HandleOptions {
  /** Tells handlers of the same event within one service apart. Default `default`. */
  readonly handler?: string;
  /** Why the effect touches other tenants' rows than the event's own; then `tx` sees all. */
  readonly acrossTenants?: string;
}

interface Scope extends EventOrigin {
  readonly deadlineMs?: number | undefined;
  readonly isolation?: RunOptions['isolation'];
  readonly step?: KeptStep | undefined;
}

/** Runs transactions that carry a tenant: each sees and writes that tenant's rows only, by row-level security. */
export class UnitOfWork {
  private readonly group: HandleGroup;

  constructor(private readonly database: Database) {
    this.group = new HandleGroup(database, (tx) => this.afterCommit(tx));
  }

  /**
   * Runs `fn` in a transaction of the context's tenant and commits. `fn` runs again, up to 3 times, after a serialization failure or
   * deadlock, so it must have no effect outside of `tx`. In a request that must take effect once (`ctx.once`) what `fn` gives is kept with
   * its effect; when the request comes again, `fn` does not run again, and the same is given: plain data, dates, maps and bytes.
   * @throws {ProblemError} `persistence.{concurrent_update,statement_timeout,lock_timeout,database_unavailable,deadline_passed,outcome_unknown}`
   */
  run<T>(ctx: RequestContext, fn: (tx: Tx) => Promise<T>, { isolation }: RunOptions = {}): Promise<T> {
    const { tenantId, causationId, deadlineMs } = ctx;
    return this.transact(
      { tenantId, causationId, deadlineMs, isolation, traceparent: ctx.traceparent, step: stepOf(ctx) },
      fn,
    );
  }

  /** Runs `fn` in a transaction that sees every tenant: for reconcilers and platform lists. `reason` says why, in the log. */
  runAcrossTenants<T>(
    reason: string,
    fn: (tx: Tx) => Promise<T>,
    { isolation, partOf }: AcrossOptions = {},
  ): Promise<T> {
    this.database.logger.debug({ reason }, 'transaction across tenants');
    const origin = { tenantId: ACROSS_TENANTS, causationId: undefined, traceparent: undefined };
    return this.transact({ ...origin, isolation, step: partOf && stepOf(partOf) }, fn);
  }

  /** Does an event's effect and remembers its id in one transaction of the event's tenant; an event that is known already does nothing. */
  async handle(
    event: Pick<CloudEvent, 'id' | 'tenantid' | 'type' | 'traceparent'>,
    fn: (tx: Tx) => Promise<unknown>,
    { handler = 'default', acrossTenants }: HandleOptions = {},
  ): Promise<'handled' | 'duplicate'> {
    if (acrossTenants !== undefined)
      this.database.logger.debug({ reason: acrossTenants, type: event.type }, 'event handled across tenants');
    const tenantId = acrossTenants === undefined ? event.tenantid : ACROSS_TENANTS;
    const origin = { tenantId, causationId: event.id, traceparent: currentTraceparent() ?? event.traceparent };
    const entry: HandleEntry = { origin, inbox: [event.tenantid, handler, event.id], fn };
    const outcome = await this.traced(() => this.group.handle(entry));
    if (outcome !== 'alone') return outcome;
    return this.transact(origin, async (tx) => {
      const isNew = await remember(tx, [entry]);
      if (!isNew(entry)) return 'duplicate';
      await fn(tx);
      return 'handled';
    });
  }

  private async transact<T>(scope: Scope, fn: (tx: Tx) => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.traced(() => this.attempt(scope, fn));
      } catch (error) {
        const isTaken = scope.step?.wasTaken(error) ?? false;
        if (attempt >= MAX_RETRIES || !(isTaken || isTransient(error))) throw asProblem(error);
        await new Promise((resolve) => setTimeout(resolve, Math.random() * RETRY_BASE_MS * 2 ** attempt));
      }
    }
  }

  /** A span where there is a trace; what loops do on their own begins none. */
  private traced<T>(fn: () => Promise<T>): Promise<T> {
    if (currentTraceparent() === undefined) return fn();
    const { namespace } = this.database;
    const attributes = {
      'db.system.name': 'postgresql',
      'db.namespace': namespace,
      'db.operation.name': 'TRANSACTION',
    };
    return withSpan(`TRANSACTION ${namespace}`, attributes, fn, 'client');
  }

  private async attempt<T>(scope: Scope, fn: (tx: Tx) => Promise<T>): Promise<T> {
    const timeoutMs = this.timeoutOf(scope);
    const work = async (session: Session): Promise<readonly [T, OpenTx]> => {
      session.setScope(scope.tenantId, timeoutMs);
      const tx = new OpenTx(session, { ...scope, traceparent: currentTraceparent() ?? scope.traceparent });
      const kept = await scope.step?.find(tx);
      if (kept !== undefined) return [kept.value as T, tx];
      const result = await fn(tx);
      session.writeEvents(tx.events);
      await scope.step?.keep(tx, result);
      return [result, tx];
    };
    const [result, tx] = await Session.transact(this.database, work, scope.isolation);
    scope.step?.committed();
    await this.afterCommit(tx);
    return result;
  }

  /** A statement may take what is left of the caller's time, and never more than the database's own limit. */
  private timeoutOf({ deadlineMs }: Scope): number {
    const limit = this.database.statementTimeoutMs;
    if (deadlineMs === undefined) return limit;
    const leftMs = Math.floor(deadlineMs - Date.now());
    if (leftMs > 0) return Math.min(leftMs, limit);
    throw new ProblemError({
      kind: 'timeout',
      code: 'persistence.deadline_passed',
      detail: `the deadline of the request passed ${-leftMs} ms ago`,
    });
  }

  private async afterCommit(tx: OpenTx): Promise<void> {
    if (tx.events.length > 0) this.database.outboxWake.ring();
    for (const fn of tx.afterCommits) {
      try {
        await fn();
      } catch (error) {
        this.database.logger.error({ err: error }, 'what should follow a commit failed');
      }
    }
  }
}

function stepOf({ once, tenantId }: RequestContext): KeptStep | undefined {
  return once && new KeptStep(once, tenantId);
}
