import { setImmediate } from 'node:timers/promises';
import { rowCount, sliceRows, type TensorMap } from '../tensors/tensor.js';
import { compareOutputs, EXACT } from './compare-outputs.js';
import type { RunnableModel } from './runnable-model.js';

/** Sizes of chunks tried: odd ones and powers of two, since kernels work in blocks of 4, 8 or 16 rows. */
const CHUNK_ROWS = [2, 3, 5, 8, 16, 17, 64];

/**
 * Whether rows scored together give bit for bit what they give one by one, tried on these rows: the whole batch and chunks of several sizes, each against single rows.
 * A model without a batch dimension is not batch-invariant. More rows make the answer surer; 64 are a good number.
 */
export async function isBatchInvariant(model: RunnableModel, inputs: TensorMap): Promise<boolean> {
  if (!hasBatchDimension(model)) return false;
  const rows = rowCount(inputs);
  const singles: TensorMap[] = [];
  const run = async (start: number, end: number): Promise<TensorMap> => {
    await setImmediate();
    return model.runSync(sliceRows(inputs, start, end));
  };
  for (let row = 0; row < rows; row += 1) singles.push(await run(row, row + 1));
  for (const size of [rows, ...CHUNK_ROWS.filter((chunk) => chunk < rows)]) {
    for (let start = 0; start < rows; start += size) {
      const end = Math.min(start + size, rows);
      const together = await run(start, end);
      for (let row = start; row < end; row += 1)
        if (!rowEquals(together, row - start, end - start, singles[row] ?? {})) return false;
    }
  }
  return true;
}

function hasBatchDimension(model: RunnableModel): boolean {
  const { inputs, outputs } = model.signature;
  return [...inputs, ...outputs].every((spec) => spec.shape[0] === -1);
}

function rowEquals(together: TensorMap, row: number, rows: number, single: TensorMap): boolean {
  // an output that doesn't grow with the batch can't be cut into rows
  if (Object.values(together).some((tensor) => tensor.shape[0] !== rows)) return false;
  return compareOutputs(sliceRows(together, row, row + 1), single, EXACT).isEqual;
}

/** Times of single runs, microseconds. */
export interface Latency {
  readonly runs: number;
  readonly minMicros: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
}

/** Of a slow model fewer runs are enough, milliseconds. */
const MAX_MEASURE_MS = 1_000;

/** Runs the model `most` times (after a tenth as many unmeasured) on the same inputs, or as often as it can within a second. */
export async function measureLatency(model: RunnableModel, inputs: TensorMap, most = 100): Promise<Latency> {
  const first = performance.now();
  model.runSync(inputs);
  const runs = Math.max(1, Math.min(most, Math.floor(MAX_MEASURE_MS / (performance.now() - first))));
  for (let i = 0; i < Math.ceil(runs / 10); i += 1) model.runSync(inputs);
  const micros = new Float64Array(runs);
  for (let i = 0; i < runs; i += 1) {
    await setImmediate();
    const start = process.hrtime.bigint();
    model.runSync(inputs);
    micros[i] = Number(process.hrtime.bigint() - start) / 1_000;
  }
  micros.sort();
  const at = (share: number): number => micros[Math.min(runs - 1, Math.floor(share * runs))] ?? 0;
  return { runs, minMicros: at(0), p50Micros: at(0.5), p99Micros: at(0.99) };
}
