import {
  formatInferResponse,
  parseInferRequest,
  sliceRows,
  toJsonValues,
  type InferRequest,
  type TensorMap,
} from '@myriad/inference';
import type { Clock, RequestContext } from '@myriad/kernel';
import type { Placement } from '../domain/placement.js';
import type { SampleQuota } from '../domain/sample-quota.js';
import type { UsageLedger } from '../domain/usage-ledger.js';
import type { EventSink, SampledPrediction } from './event-sink.port.js';
import type { FindModel } from './find-model.js';
import type { LoadedModel } from './model-loader.port.js';

export interface PredictOptions {
  readonly models: FindModel;
  readonly usage: UsageLedger;
  readonly quota: SampleQuota;
  readonly events: EventSink;
  readonly clock: Clock;
}

/** Which model, and what is known of the wish. */
export interface PredictRequest {
  readonly modelName: string;
  /** undefined: whichever is served. */
  readonly version?: string;
  /** Parsed JSON; anything. */
  readonly body: unknown;
}

/** Rows of one request that a sample holds. */
const SAMPLED_ROWS = 10;

/** Answers one inference request. No I/O stands on this path once the model is in memory. */
export class Predict {
  constructor(private readonly options: PredictOptions) {}

  /**
   * The V2 JSON text of the answer.
   * @throws {ProblemError} `realtime.model_not_found`, `realtime.model_unavailable`, `realtime.deadline_exceeded`, and what `parseInferRequest` refuses.
   */
  async execute(ctx: RequestContext, request: PredictRequest): Promise<string> {
    const { models } = this.options;
    const placement = models.find(ctx, request.modelName, request.version);
    const ready = models.inMemory(ctx, placement);
    if (ready !== undefined) return this.answer(ctx, request, { placement, model: ready });
    let found;
    try {
      found = await models.bringIn(ctx, request.modelName, request.version);
    } catch (error) {
      this.options.usage.failed(placement);
      throw error;
    }
    return this.answer(ctx, request, found);
  }

  /** All in one turn of the event loop: the model can't be freed meanwhile. */
  private answer(
    ctx: RequestContext,
    { body }: PredictRequest,
    found: { placement: Placement; model: LoadedModel },
  ): string {
    const { placement, model } = found;
    try {
      const parsed = parseInferRequest(body, placement.signature);
      const start = performance.now();
      const outputs = model.runSync(parsed.inputs, parsed.outputs);
      const micros = Math.round((performance.now() - start) * 1_000);
      const text = textOf(placement, parsed, outputs);
      this.options.usage.answered(placement, parsed.rows, micros);
      if (this.options.quota.take(this.options.clock.nowMs())) this.sample(ctx, placement, [parsed.inputs, outputs]);
      return text;
    } catch (error) {
      this.options.usage.failed(placement);
      throw error;
    }
  }

  private sample(ctx: RequestContext, placement: Placement, [inputs, outputs]: readonly [TensorMap, TensorMap]): void {
    this.options.events.sample({
      tenantId: placement.tenantId,
      modelName: placement.modelName,
      version: placement.version,
      versionId: placement.versionId,
      application: placement.application,
      environment: placement.environment as SampledPrediction['environment'],
      requestId: ctx.requestId,
      inputs: sampledValues(inputs),
      outputs: sampledValues(outputs),
      at: new Date(this.options.clock.nowMs()).toISOString(),
    });
  }
}

function textOf(placement: Placement, request: InferRequest, outputs: TensorMap): string {
  return formatInferResponse(
    {
      modelName: placement.modelName,
      modelVersion: String(placement.version),
      id: request.id,
      outputs: request.outputs ?? placement.signature.outputs.map((output) => output.name),
    },
    outputs,
  );
}

/** The first rows of tables (one value a row and column); wider tensors are left out, they say nothing of drift by column. */
function sampledValues(tensors: TensorMap): SampledPrediction['inputs'] {
  const values: SampledPrediction['inputs'] = {};
  for (const [name, tensor] of Object.entries(tensors)) {
    const rows = tensor.shape[0] ?? 1;
    if (tensor.data.length !== rows || tensor.datatype === 'FP16') continue;
    const { data } = sliceRows({ x: tensor }, 0, Math.min(rows, SAMPLED_ROWS))['x'] ?? tensor;
    values[name] = toJsonValues(tensor.datatype, data).map((v) => (typeof v === 'string' ? v.slice(0, 256) : v));
  }
  return values;
}
