import { type PinnedModel, type StoredFile, outputColumns } from '../../domain/batch-job.js';
import { parseCell } from '../../domain/parse-cell.js';
import { csvField } from './csv-field.js';
import type { ObjectPart } from './object-part.js';
import type { RowScorer, Value } from './row-scorer.js';

/** How much of a bad value the errors file repeats. */
const SHOWN_CHARACTERS = 200;

type Texts = readonly (readonly (string | null)[])[];

interface Fault {
  readonly row: number;
  readonly column: string;
  readonly value: string;
  readonly error: string;
}

export interface ShardWriterOptions {
  readonly model: PinnedModel;
  readonly scorer: RowScorer;
  readonly open: (kind: 'output' | 'errors') => ObjectPart;
}

/** Scores the rows of one shard as they come, and streams their lines to its parts. */
export class ShardWriter {
  rows = 0;
  rowErrors = 0;
  private output: ObjectPart | undefined;
  private errors: ObjectPart | undefined;
  private readonly emptyFields: string;

  constructor(
    private readonly options: ShardWriterOptions,
    /** 0-based row of the input at which the shard begins. */
    private readonly firstRow: number,
  ) {
    this.emptyFields = ','.repeat(outputColumns(options.model.signature.outputs).length);
  }

  /** Scores `count` rows given by column, in the order of the model's inputs. */
  async add(columns: Texts, count: number): Promise<void> {
    const faults: Fault[] = [];
    const goodRows: number[] = [];
    const values = this.options.model.signature.inputs.map((): Value[] => []);
    for (let row = 0; row < count; row += 1) {
      const parsed = this.parseRow(columns, row, faults);
      if (parsed === undefined) continue;
      goodRows.push(row);
      for (const [at, value] of parsed.entries()) values[at]?.push(value);
    }
    const answers = await this.options.scorer.score(values, goodRows.length);
    const fields = new Array<string>(count).fill(this.emptyFields);
    for (const [at, row] of goodRows.entries()) {
      const answer = answers[at] ?? { error: 'the model gave no answer' };
      if ('fields' in answer) fields[row] = answer.fields;
      else faults.push({ row: this.rowAt(row), column: '', value: '', error: answer.error });
    }
    await this.write(fields, faults);
  }

  async finish(): Promise<{ readonly output: StoredFile; readonly errors: StoredFile | null }> {
    this.output ??= this.options.open('output');
    return { output: await this.output.finish(), errors: (await this.errors?.finish()) ?? null };
  }

  async abort(): Promise<void> {
    await Promise.all([this.output?.abort(), this.errors?.abort()]);
  }

  private async write(fields: readonly string[], faults: readonly Fault[]): Promise<void> {
    this.output ??= this.options.open('output');
    await this.output.write(fields.map((text, row) => `${this.rowAt(row)}${text}\n`).join(''));
    this.rows += fields.length;
    if (faults.length === 0) return;
    this.rowErrors += new Set(faults.map(({ row }) => row)).size;
    this.errors ??= this.options.open('errors');
    const lines = faults
      .toSorted((a, b) => a.row - b.row)
      .map(({ row, column, value, error }) => `${row},${csvField(column)},${csvField(value)},${csvField(error)}\n`);
    await this.errors.write(lines.join(''));
  }

  private rowAt(index: number): number {
    return this.firstRow + this.rows + index;
  }

  /** The row's values; undefined when a field is bad, and then `faults` says what is wrong with each. */
  private parseRow(columns: Texts, row: number, faults: Fault[]): readonly Value[] | undefined {
    const parsed: Value[] = [];
    const { inputs } = this.options.model.signature;
    for (const [at, { name, datatype }] of inputs.entries()) {
      const text = columns[at]?.[row] ?? null;
      const cell = parseCell(text, datatype);
      if (cell.ok) parsed.push(cell.value);
      else {
        const value = (text ?? '').slice(0, SHOWN_CHARACTERS);
        faults.push({ row: this.rowAt(row), column: name, value, error: cell.error });
      }
    }
    return parsed.length === inputs.length ? parsed : undefined;
  }
}
