import type { ProblemError, RequestContext, TenantId } from '@myriad/kernel';
import type { Placement } from '../domain/placement.js';
import type { FairTurns } from './fair-turns.js';
import { tooSmall, type FindModel } from './find-model.js';
import type { LoadedModel } from './model-loader.port.js';
import { isOverload } from './realtime-problem.js';

/** Which model is asked for, and by whom. */
export interface Asked {
  readonly modelName: string;
  /** undefined: whichever is served. */
  readonly version?: string | undefined;
  /** Whether whoever asked has left; looked at when a turn comes, not before. */
  readonly isGone?: (() => boolean) | undefined;
}

export interface Found {
  readonly placement: Placement;
  readonly model: LoadedModel;
}

export interface Answering<A> {
  /** Begins in one turn of the event loop: the model can't be freed meanwhile. A promise where the model runs elsewhere. */
  readonly answer: (found: Found) => A | Promise<A>;
  /** Hears of a request that ended before it could be answered. */
  readonly failed: (placement: Placement) => void;
}

/** A request that had its turn; one that runs elsewhere is answered later. */
interface Begun<A> {
  readonly answer: A | Promise<A>;
}

/** So often a model is brought in again that is pushed out before its request has its turn. */
const MOST_TURNS = 10;

/** Lets requests run when their model is in memory and their tenant has its turn; at once, without a promise, where nothing has to be waited for. */
export class InTurn {
  constructor(
    private readonly models: FindModel,
    private readonly turns: FairTurns,
  ) {}

  /** @throws {ProblemError} `realtime.model_not_found`, `model_unavailable`, `deadline_exceeded`, `tenant_busy`, `overloaded`, `client_gone`, and what `answer` throws. */
  run<A>(ctx: RequestContext, asked: Asked, answering: Answering<A>): A | Promise<A> {
    const placement = this.models.find(ctx, asked.modelName, asked.version);
    const model = this.turns.isFree(ctx.tenantId) ? this.models.inMemory(ctx, placement) : undefined;
    const answer =
      model === undefined
        ? this.afterWaiting(ctx, asked, answering, placement)
        : this.atOnce(ctx, { placement, model }, answering);
    return answer instanceof Promise ? answer.catch((error: unknown) => this.refuse(error)) : answer;
  }

  /** Why a request of the tenant would be refused, when it may be told: before anything else is done for it. */
  refusal(tenantId: TenantId): Promise<ProblemError> | undefined {
    return this.turns.refusal(tenantId);
  }

  private afterWaiting<A>(
    ctx: RequestContext,
    asked: Asked,
    answering: Answering<A>,
    placement: Placement,
  ): Promise<A> {
    return this.later(ctx, asked, answering).then(
      ({ answer }) => answer,
      (error: unknown) => {
        // what failed while it ran is counted there
        if (!(error instanceof RunError)) {
          answering.failed(placement);
          throw error;
        }
        throw error.cause;
      },
    );
  }

  /** Who has too much waiting is told so in its turn, too: told at once it would ask again at once. */
  private async refuse(error: unknown): Promise<never> {
    if (isOverload(error)) await this.turns.refusing();
    throw error;
  }

  private async later<A>(ctx: RequestContext, asked: Asked, answering: Answering<A>): Promise<Begun<A>> {
    const { models, turns } = this;
    const leave = turns.takeOn(ctx.tenantId);
    const run = (): Begun<A> | undefined => {
      const placement = models.find(ctx, asked.modelName, asked.version);
      const model = models.inMemory(ctx, placement);
      if (model === undefined) return undefined;
      try {
        return { answer: answering.answer({ placement, model }) };
      } catch (error) {
        throw new RunError(error);
      }
    };
    try {
      for (let turn = 0; turn < MOST_TURNS; turn += 1) {
        if (models.inMemory(ctx, models.find(ctx, asked.modelName, asked.version)) === undefined)
          await models.bringIn(ctx, asked.modelName, asked.version);
        const { tenantId, deadlineMs } = ctx;
        const ran = await turns.wait({ tenantId, deadlineMs, isGone: asked.isGone, run });
        if (ran !== undefined) return ran;
      }
      throw tooSmall(asked.modelName);
    } finally {
      leave();
    }
  }

  private atOnce<A>({ tenantId }: RequestContext, found: Found, { answer }: Answering<A>): A | Promise<A> {
    const startMs = performance.now();
    try {
      return answer(found);
    } finally {
      this.turns.ranAtOnce(tenantId, startMs, performance.now());
    }
  }
}

/** What went wrong while a request ran, as against before. */
class RunError extends Error {
  constructor(cause: unknown) {
    super('the request failed while it ran', { cause });
  }
}
