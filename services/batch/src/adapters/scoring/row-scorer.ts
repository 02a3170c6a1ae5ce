import { type RunnableModel, type Tensor, type TensorMap, newTensorData, newTensorMap } from '@myriad/inference';
import { ProblemError } from '@myriad/kernel';
import { type PinnedModel, type TensorSpec, outputColumns } from '../../domain/batch-job.js';
import { batchProblem } from '../../domain/batch-problem.js';

/** Rows of one run: enough that the call costs little a row, few enough to stay in cache. */
const RUN_ROWS = 8192;

export type Value = number | bigint | string;

/** The output fields of a row, each with a comma before it, or why the model could not be run on the row. */
export type RowAnswer = { readonly fields: string } | { readonly error: string };

interface Range {
  readonly start: number;
  readonly end: number;
}

/** Runs the model over rows, and writes each one's outputs as CSV fields. */
export class RowScorer {
  /** Time spent running the model, microseconds. */
  computeMicros = 0;

  constructor(
    private readonly pinned: PinnedModel,
    private readonly model: RunnableModel,
  ) {}

  /** An answer a row. `columns` are in the order of the model's inputs. */
  async score(columns: readonly (readonly Value[])[], rows: number): Promise<readonly RowAnswer[]> {
    const step = this.pinned.batchInvariant ? RUN_ROWS : 1;
    const answers: RowAnswer[] = [];
    for (let start = 0; start < rows; start += step)
      for (const answer of await this.scoreRange(columns, { start, end: Math.min(rows, start + step) }))
        answers.push(answer);
    return answers;
  }

  /** The runtime refuses a batch as a whole: halving finds the rows that it does not take, and the others get their answer. */
  private async scoreRange(
    columns: readonly (readonly Value[])[],
    { start, end }: Range,
  ): Promise<readonly RowAnswer[]> {
    try {
      return await this.run(columns, { start, end });
    } catch (error) {
      if (!(error instanceof ProblemError) || error.code !== 'inference.run_failed') throw error;
      if (end - start === 1) return [{ error: error.message }];
      const middle = Math.ceil((start + end) / 2);
      const first = await this.scoreRange(columns, { start, end: middle });
      return [...first, ...(await this.scoreRange(columns, { start: middle, end }))];
    }
  }

  private async run(columns: readonly (readonly Value[])[], range: Range): Promise<readonly RowAnswer[]> {
    const rows = range.end - range.start;
    const inputs = tensorsOf(this.pinned.signature.inputs, columns, range);
    // the event loop has its turn before the clock starts
    await new Promise((resolve) => setImmediate(resolve));
    const from = performance.now();
    const answer = this.model.runSync(inputs);
    this.computeMicros += (performance.now() - from) * 1000;
    const outputs = this.pinned.signature.outputs.map((spec) => outputOf(spec, answer[spec.name], rows));
    return Array.from({ length: rows }, (_, row) => {
      let fields = '';
      for (const { width, tensor } of outputs)
        for (let at = row * width; at < (row + 1) * width; at += 1) fields += `,${textOf(tensor, at)}`;
      return { fields };
    });
  }
}

function outputOf(
  spec: TensorSpec,
  tensor: Tensor | undefined,
  rows: number,
): { readonly width: number; readonly tensor: Tensor } {
  const width = outputColumns([spec]).length;
  if (tensor?.data.length === rows * width) return { width, tensor };
  throw batchProblem(
    'unprocessable',
    'output_unusable',
    `output '${spec.name}' has ${tensor?.data.length ?? 0} values for ${rows} rows; it must have ${width} a row`,
  );
}

/**
 * A number is the decimal of its value as a double: parsing it and rounding to the output's type gives the same bits, and it is what real-time prediction prints.
 * Texts are quoted always, so that an empty one is not taken for none.
 */
function textOf({ datatype, data }: Tensor, at: number): string {
  const value = data[at] ?? '';
  if (typeof value === 'string') return `"${value.replaceAll('"', '""')}"`;
  if (datatype === 'BOOL') return value === 0 ? 'false' : 'true';
  return Object.is(value, -0) ? '-0.0' : String(value);
}

function tensorsOf(
  inputs: readonly TensorSpec[],
  values: readonly (readonly Value[])[],
  { start, end }: Range,
): TensorMap {
  const tensors = newTensorMap();
  for (const [at, { name, datatype, shape }] of inputs.entries())
    tensors[name] = {
      datatype,
      shape: [end - start, ...shape.slice(1)],
      data: dataOf(datatype, (values[at] ?? []).slice(start, end)),
    };
  return tensors;
}

function dataOf(datatype: TensorSpec['datatype'], values: readonly Value[]): Tensor['data'] {
  if (datatype === 'BYTES') return values.map(String);
  const data = newTensorData(datatype, values.length);
  for (const [row, value] of values.entries()) data[row] = value;
  return data;
}
