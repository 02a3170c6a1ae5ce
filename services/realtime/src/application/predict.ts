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
import type { Asked, Found, InTurn } from './in-turn.js';

export interface PredictOptions {
  readonly inTurn: InTurn;
  readonly usage: UsageLedger;
  readonly quota: SampleQuota;
  readonly events: EventSink;
  readonly clock: Clock;
}

/** Which model, and what is known of the wish. */
export interface PredictRequest extends Asked {
  /** Parsed JSON; anything. */
  readonly body: unknown;
}

/** Rows of one request that a sample holds. */
const SAMPLED_ROWS = 10;

/** Answers one inference request. No I/O stands on this path once the model is in memory. */
export class Predict {
  constructor(private readonly options: PredictOptions) {}

  /**
   * The V2 JSON text of the answer; at once where nothing has to be waited for.
   * @throws {ProblemError} what {@link InTurn.run} and `parseInferRequest` refuse.
   */
  execute(ctx: RequestContext, request: PredictRequest): string | Promise<string> {
    return this.options.inTurn.run(ctx, request, {
      answer: (found) => this.answer(ctx, request, found),
      failed: (placement) => {
        this.options.usage.failed(placement);
      },
    });
  }

  /** All in one turn of the event loop: the model can't be freed meanwhile. */
  private answer(ctx: RequestContext, { body }: PredictRequest, found: Found): string {
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
