import type { InferRequest, TensorMap } from '@myriad/inference';
import type { RequestContext } from '@myriad/kernel';
import { compareOutputs } from '../domain/compare-outputs.js';
import type { ModelStatistics } from '../domain/model-statistics.js';
import type { Placement } from '../domain/placement.js';
import type { RoutingTable } from '../domain/routing-table.js';
import type { TrialComparisons } from '../domain/trial-comparisons.js';
import type { UsageLedger } from '../domain/usage-ledger.js';
import { isInShare } from './choose-version.js';
import type { ModelCache } from './model-cache.js';
import type { LoadedModel } from './model-loader.port.js';

export interface MirrorOptions {
  readonly table: RoutingTable;
  readonly cache: ModelCache;
  readonly statistics: ModelStatistics;
  /** What versions cost that answer nobody. */
  readonly usage: UsageLedger;
  readonly comparisons: TrialComparisons;
  /** Runs what is given after what the event loop has read. Default `setImmediate`. */
  readonly defer?: (run: () => void) => void;
}

/** A request that is asked again, as it was before it ran. */
export interface Mirrored {
  readonly candidate: Placement;
  readonly request: InferRequest;
}

interface Waiting extends Mirrored {
  readonly outputs: TensorMap;
  readonly servedMicros: number;
}

/** Requests that wait to be asked again, at most; what comes then is not compared. */
const MOST_WAITING = 64;

/** Asks a version that is tried as a shadow the same again, after the answer, one request a turn of the event loop, and compares. It never answers and nothing waits for it. */
export class MirrorPredictions {
  private readonly waiting: Waiting[] = [];
  private readonly defer: (run: () => void) => void;

  constructor(private readonly options: MirrorOptions) {
    this.defer = options.defer ?? ((run) => setImmediate(run));
  }

  /** Called before the model runs, which may take the inputs away. undefined for what is not mirrored. */
  begin(ctx: RequestContext, placement: Placement, request: InferRequest): Mirrored | undefined {
    const { table, comparisons } = this.options;
    const trial = table.candidateOf(placement);
    if (trial?.mode !== 'shadow') return undefined;
    const candidate = table.placementAt(trial.row);
    if (candidate === undefined || !isInShare(ctx, candidate, trial.percent)) return undefined;
    if (this.waiting.length < MOST_WAITING)
      return { candidate, request: { ...request, inputs: copyOf(request.inputs) } };
    comparisons.of(candidate).skipped += 1;
    return undefined;
  }

  /** Called when the answer was written. What a model gave may be overwritten by its next run. */
  answered(mirrored: Mirrored, outputs: TensorMap, servedMicros: number): void {
    this.waiting.push({ ...mirrored, outputs: copyOf(outputs), servedMicros });
    if (this.waiting.length === 1) this.schedule();
  }

  private schedule(): void {
    this.defer(() => {
      const [next] = this.waiting;
      if (next === undefined) return;
      void this.compare(next).finally(() => {
        this.waiting.shift();
        if (this.waiting.length > 0) this.schedule();
      });
    });
  }

  private async compare({ candidate, request, outputs, servedMicros }: Waiting): Promise<void> {
    const { table, cache, statistics, usage, comparisons } = this.options;
    // given up meanwhile
    if (!table.isCurrent(candidate)) return;
    const counts = comparisons.of(candidate);
    const model = cache.peek(candidate);
    if (model === undefined) {
      counts.skipped += 1;
      // a failure is remembered by the cache, and told by `explain`
      cache.load(candidate).catch(() => undefined);
      return;
    }
    try {
      const given = await runOf(model, candidate, request);
      usage.answered(candidate, request.rows, given.inferMicros);
      const times = { inputMicros: 0, inferMicros: given.inferMicros, outputMicros: 0 };
      statistics.answered(candidate, request.rows, times, Date.now());
      counts.add(compareOutputs(outputs, given.outputs), { servedMicros, candidateMicros: given.inferMicros });
    } catch {
      usage.failed(candidate);
      statistics.failed(candidate);
      counts.failed += 1;
    }
  }
}

/** Runs the model here, or where it is. */
function runOf(
  model: LoadedModel,
  { tenantId }: Placement,
  request: InferRequest,
):
  { readonly outputs: TensorMap; readonly inferMicros: number } | Promise<{ outputs: TensorMap; inferMicros: number }> {
  if (model.runSync === undefined) return whole(model.run({ ...request, tenantId }));
  const startMs = performance.now();
  const outputs = model.runSync(request.inputs, request.outputs);
  return { outputs, inferMicros: Math.round((performance.now() - startMs) * 1_000) };
}

async function whole(
  run: Promise<{ readonly outputs: TensorMap; readonly inferMicros: number }>,
): Promise<{ outputs: TensorMap; inferMicros: number }> {
  const { outputs, inferMicros } = await run;
  return { outputs, inferMicros: Math.round(inferMicros) };
}

function copyOf(tensors: TensorMap): TensorMap {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() }]),
  );
}
