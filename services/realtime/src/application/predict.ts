import {
  sliceRows,
  toJsonValues,
  type InferAnswer,
  type InferRequest,
  type SignatureView,
  type TensorMap,
} from '@myriad/inference';
import type { Clock, ProblemError, RequestContext, TenantId } from '@myriad/kernel';
import type { ModelStatistics } from '../domain/model-statistics.js';
import type { Placement } from '../domain/placement.js';
import type { SampleQuota } from '../domain/sample-quota.js';
import type { UsageLedger } from '../domain/usage-ledger.js';
import type { EventSink, SampledPrediction } from './event-sink.port.js';
import type { Asked, Found, InTurn } from './in-turn.js';
import type { MirrorPredictions } from './mirror-predictions.js';
import type { DetachedModel } from './model-loader.port.js';
import type { MoveLongRuns } from './move-long-runs.js';

export interface PredictOptions {
  readonly inTurn: InTurn;
  readonly usage: UsageLedger;
  readonly statistics: ModelStatistics;
  readonly quota: SampleQuota;
  readonly events: EventSink;
  /** Asks a version that is tried as a shadow the same. */
  readonly mirror: Pick<MirrorPredictions, 'begin' | 'answered'>;
  readonly clock: Clock;
  readonly longRuns: Pick<MoveLongRuns, 'heldThread'>;
}

/** Which model, and how the wish is read and its answer written: what a transport knows. */
export interface PredictRequest<A> extends Asked {
  /** @throws {ProblemError} for what does not fit the model. */
  readonly read: (signature: SignatureView) => InferRequest;
  readonly write: (answer: InferAnswer, request: InferRequest, outputs: TensorMap) => A;
}

/** A run that holds the thread for longer holds up everybody, microseconds. */
export const LONG_RUN_MICROS = 2_000;
/** Rows of one request that a sample holds. */
const SAMPLED_ROWS = 10;

/** Answers one inference request. No I/O stands on this path once the model is in memory. */
export class Predict {
  constructor(private readonly options: PredictOptions) {}

  /**
   * The answer as it is written; at once where nothing has to be waited for.
   * @throws {ProblemError} what {@link InTurn.run} and `read` refuse.
   */
  execute<A>(ctx: RequestContext, request: PredictRequest<A>): A | Promise<A> {
    return this.options.inTurn.run(ctx, request, {
      answer: (found) => this.answer(ctx, request, found),
      failed: (placement) => {
        this.failed(placement);
      },
    });
  }

  /** {@link InTurn.refusal} */
  refusal(tenantId: TenantId): Promise<ProblemError> | undefined {
    return this.options.inTurn.refusal(tenantId);
  }

  /** For a model that runs here, all in one turn of the event loop: it can't be freed meanwhile. */
  private answer<A>(ctx: RequestContext, request: PredictRequest<A>, found: Found): A | Promise<A> {
    const { placement, model } = found;
    if (model.runSync === undefined) return this.answerLater(ctx, request, placement, model);
    const { read, write } = request;
    try {
      const beginMs = performance.now();
      const parsed = read(placement.signature);
      const mirrored = this.options.mirror.begin(ctx, placement, parsed);
      const startMs = performance.now();
      const outputs = model.runSync(parsed.inputs, parsed.outputs);
      const endMs = performance.now();
      const answer = write(answerOf(placement, parsed), parsed, outputs);
      const [inputMicros, inferMicros] = [(startMs - beginMs) * 1_000, Math.round((endMs - startMs) * 1_000)];
      const outputMicros = (performance.now() - endMs) * 1_000;
      const nowMs = this.answered(placement, parsed.rows, { inputMicros, inferMicros, outputMicros });
      if (this.options.quota.take(nowMs)) this.sample(ctx, placement, sampledValues(parsed.inputs), outputs);
      if (mirrored !== undefined) this.options.mirror.answered(mirrored, outputs, inferMicros);
      if (inferMicros > LONG_RUN_MICROS) this.options.longRuns.heldThread(placement);
      return answer;
    } catch (error) {
      this.failed(placement);
      throw error;
    }
  }

  private async answerLater<A>(
    ctx: RequestContext,
    { read, write, isGone }: PredictRequest<A>,
    placement: Placement,
    model: DetachedModel,
  ): Promise<A> {
    try {
      const beginMs = performance.now();
      const parsed = read(placement.signature);
      const inputMicros = (performance.now() - beginMs) * 1_000;
      // the run takes the inputs away
      const mirrored = this.options.mirror.begin(ctx, placement, parsed);
      const sampled = this.options.quota.take(this.options.clock.nowMs()) ? sampledValues(parsed.inputs) : undefined;
      const { tenantId, deadlineMs } = ctx;
      const { outputs, inferMicros } = await model.run({ ...parsed, tenantId, deadlineMs, isGone });
      const endMs = performance.now();
      const answer = write(answerOf(placement, parsed), parsed, outputs);
      const outputMicros = (performance.now() - endMs) * 1_000;
      this.answered(placement, parsed.rows, { inputMicros, inferMicros: Math.round(inferMicros), outputMicros });
      if (mirrored !== undefined) this.options.mirror.answered(mirrored, outputs, inferMicros);
      if (sampled !== undefined) this.sample(ctx, placement, sampled, outputs);
      return answer;
    } catch (error) {
      this.failed(placement);
      throw error;
    }
  }

  /** Counts it; tells the time, Unix milliseconds. */
  private answered(placement: Placement, rows: number, micros: Parameters<ModelStatistics['answered']>[2]): number {
    const nowMs = this.options.clock.nowMs();
    this.options.usage.answered(placement, rows, micros.inferMicros);
    this.options.statistics.answered(placement, rows, micros, nowMs);
    return nowMs;
  }

  private failed(placement: Placement): void {
    this.options.usage.failed(placement);
    this.options.statistics.failed(placement);
  }

  private sample(
    ctx: RequestContext,
    placement: Placement,
    inputs: SampledPrediction['inputs'],
    outputs: TensorMap,
  ): void {
    this.options.events.sample({
      tenantId: placement.tenantId,
      modelName: placement.modelName,
      version: placement.version,
      versionId: placement.versionId,
      application: placement.application,
      environment: placement.environment as SampledPrediction['environment'],
      requestId: ctx.requestId,
      inputs,
      outputs: sampledValues(outputs),
      at: new Date(this.options.clock.nowMs()).toISOString(),
    });
  }
}

function answerOf(placement: Placement, request: InferRequest): InferAnswer {
  return {
    modelName: placement.modelName,
    modelVersion: String(placement.version),
    id: request.id,
    outputs: request.outputs ?? placement.signature.outputs.map((output) => output.name),
  };
}

/** The first rows of tables (one value a row and column); wider tensors are left out, they say nothing of drift by column. */
function sampledValues(tensors: TensorMap): SampledPrediction['inputs'] {
  const values: SampledPrediction['inputs'] = {};
  for (const [name, tensor] of Object.entries(tensors)) {
    const rows = tensor.shape[0] ?? 1;
    if (tensor.data.length !== rows) continue;
    const { data } = sliceRows({ x: tensor }, 0, Math.min(rows, SAMPLED_ROWS))['x'] ?? tensor;
    values[name] = toJsonValues(tensor.datatype, data).map((v) => (typeof v === 'string' ? v.slice(0, 256) : v));
  }
  return values;
}
