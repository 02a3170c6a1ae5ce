import { type OnnxRuntimeModel, type Tensor, type TensorMap, newTensorData } from '@myriad/inference';
import type { PinnedModel, TensorSpec } from '../../domain/batch-job.js';
import { parseCell } from '../../domain/parse-cell.js';
import { csvField } from './csv-field.js';

/** Rows of one run: enough that the call costs little a row, few enough to stay in cache. */
const RUN_ROWS = 8192;

type Text = string | null;
type Value = number | bigint | string;

/** Scores the rows of one shard as they come and keeps their lines. */
export class ShardWriter {
  rows = 0;
  rowErrors = 0;
  computeMicros = 0;
  private readonly output: string[] = [];
  private readonly errors: string[] = [];

  constructor(
    private readonly pinned: PinnedModel,
    private readonly model: OnnxRuntimeModel,
    readonly index: number,
    /** 0-based row of the input at which the shard begins. */
    readonly firstRow: number,
  ) {}

  /** Counts rows that were scored before. */
  skip(count: number): void {
    this.rows += count;
  }

  /** Scores `count` rows given by column, in the order of the model's inputs. */
  async add(columns: readonly (readonly Text[])[], count: number): Promise<void> {
    const step = this.pinned.batchInvariant ? RUN_ROWS : 1;
    const { inputs } = this.pinned.signature;
    const values = inputs.map((): Value[] => []);
    const good: boolean[] = [];
    for (let row = 0; row < count; row += 1) good.push(this.parseRow(columns, row, values));
    const answers = await this.run(values, good.filter(Boolean).length, step);
    let scored = 0;
    for (const isGood of good) {
      const fields = isGood ? answers.map((answer) => answer[scored] ?? '') : answers.map(() => '');
      if (isGood) scored += 1;
      this.output.push(`${this.firstRow + this.rows},${fields.join(',')}`);
      this.rows += 1;
    }
  }

  finish(): Promise<{ readonly output: string; readonly errors: string }> {
    const textOf = (lines: readonly string[]): string => (lines.length === 0 ? '' : `${lines.join('\n')}\n`);
    return Promise.resolve({ output: textOf(this.output), errors: textOf(this.errors) });
  }

  /** Adds the row's values, or says for each bad field what is wrong. */
  private parseRow(columns: readonly (readonly Text[])[], row: number, values: readonly Value[][]): boolean {
    const parsed: Value[] = [];
    const { inputs } = this.pinned.signature;
    for (const [at, { name, datatype }] of inputs.entries()) {
      const text = columns[at]?.[row] ?? null;
      const cell = parseCell(text, datatype);
      if (cell.ok) parsed.push(cell.value);
      else
        this.errors.push(
          [
            String(this.firstRow + this.rows + row),
            csvField(name),
            csvField((text ?? '').slice(0, 200)),
            csvField(cell.error),
          ].join(','),
        );
    }
    if (parsed.length < inputs.length) {
      this.rowErrors += 1;
      return false;
    }
    for (const [at, value] of parsed.entries()) values[at]?.push(value);
    return true;
  }

  /** The text of each output column of each row. */
  private async run(
    values: readonly (readonly Value[])[],
    rows: number,
    step: number,
  ): Promise<readonly (readonly string[])[]> {
    const texts: string[][] = [];
    for (let start = 0; start < rows; start += step) {
      const end = Math.min(rows, start + step);
      const from = process.hrtime.bigint();
      const answer = await this.model.run(tensorsOf(this.pinned.signature.inputs, values, start, end));
      this.computeMicros += Number(process.hrtime.bigint() - from) / 1000;
      let column = 0;
      for (const { name } of this.pinned.signature.outputs) {
        const tensor = answer[name];
        const width = tensor === undefined ? 1 : tensor.data.length / (end - start);
        for (let at = 0; at < width; at += 1, column += 1) {
          const target = (texts[column] ??= []);
          for (let row = 0; row < end - start; row += 1) target.push(textOf(tensor?.data[row * width + at]));
        }
      }
    }
    return rows === 0 ? this.pinned.signature.outputs.map(() => []) : texts;
  }
}

/** The decimal of the value as a double: parsing it and rounding to the output's type gives the same bits, and it is what real-time prediction prints. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return csvField(value);
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : '';
}

function tensorsOf(
  inputs: readonly TensorSpec[],
  values: readonly (readonly Value[])[],
  start: number,
  end: number,
): TensorMap {
  return Object.fromEntries(
    inputs.map(({ name, datatype, shape }, at) => [
      name,
      {
        datatype,
        shape: shape.length > 1 ? [end - start, 1] : [end - start],
        data: dataOf(datatype, (values[at] ?? []).slice(start, end)),
      },
    ]),
  );
}

function dataOf(datatype: TensorSpec['datatype'], values: readonly Value[]): Tensor['data'] {
  if (datatype === 'BYTES') return values.map(String);
  const data = newTensorData(datatype, values.length);
  for (const [row, value] of values.entries()) data[row] = value;
  return data;
}
