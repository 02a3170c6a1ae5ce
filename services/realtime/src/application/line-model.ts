import type { TensorMap } from '@myriad/inference';
import type { DetachedCall } from './model-loader.port.js';
import { BatchSize } from './batch-size.js';

/** What a run of one or several requests gave. */
export interface LineRun {
  /** By call, in their order: the outputs, or why there are none. */
  readonly results: readonly (TensorMap | Error)[];
  /** What the run took where it ran, microseconds. */
  readonly micros: number;
}

export interface LineModelOptions {
  /** Runs requests together, one alone where they never do. The signal: nobody waits for the answer any more. */
  readonly run: (calls: readonly DetachedCall[], signal: AbortSignal) => Promise<LineRun>;
  /** Whether requests may run together and each gets what it would get alone. */
  readonly isBatched: boolean;
  /** What one row takes as far as is known before the first run, microseconds. */
  readonly microsPerRow: number;
}

/** A model whose requests wait in a line. */
export class LineModel {
  private readonly batch: BatchSize | undefined;
  private meanMicros: number;
  private hasRun = false;

  constructor(private readonly options: LineModelOptions) {
    this.batch = options.isBatched ? new BatchSize() : undefined;
    this.meanMicros = options.microsPerRow;
  }

  /** Rows of several requests that run together now; 0 when each runs alone. */
  get rowsTogether(): number {
    return this.batch?.rows ?? 0;
  }

  /** What a request is expected to take, microseconds. */
  expected(rows: number): number {
    return this.meanMicros * rows;
  }

  /** Requests with the same one may run together. */
  formOf({ inputs, outputs }: DetachedCall): string {
    if (this.batch === undefined) return '';
    const shapes = Object.entries(inputs).map(([name, { shape }]) => [name, ...shape.slice(1)]);
    return JSON.stringify([shapes, outputs]);
  }

  async run(calls: readonly DetachedCall[], signal: AbortSignal): Promise<LineRun> {
    const ran = await this.options.run(calls, signal);
    const rows = calls.reduce((sum, call) => sum + call.rows, 0);
    this.batch?.ran(rows, ran.micros);
    const micros = ran.micros / rows;
    this.meanMicros = this.hasRun ? this.meanMicros + (micros - this.meanMicros) / 8 : micros;
    this.hasRun = true;
    return ran;
  }
}
