import { setImmediate } from 'node:timers/promises';
import {
  ModelHost,
  type RunnableModel,
  type SignatureView,
  type Tensor,
  type TensorMap,
  newTensorData,
  readParts,
} from '@myriad/inference';
import type { TenantId } from '@myriad/kernel';
import type { ObjectStore } from '@myriad/storage';
import type { AdmittedVersion, Scorer } from '../../application/ports.js';
import { evaluatorProblem } from '../../domain/evaluator-problem.js';
import type { Column, Table } from '../../domain/table.js';

const CHUNK_ROWS = 8192;
const MAX_ARTIFACT_BYTES = 512 * 1024 * 1024;

/** Scores tables the way that real-time prediction serves the version: the same numbers. */
export class OnnxScorer implements Scorer {
  constructor(private readonly store: ObjectStore) {}

  async withModel<T>(
    tenantId: TenantId,
    version: Pick<AdmittedVersion, 'artifactDigest' | 'serving'>,
    use: (score: (table: Table) => Promise<Float64Array>) => Promise<T>,
  ): Promise<T> {
    const host = new ModelHost();
    try {
      const parts = await readParts(version, MAX_ARTIFACT_BYTES, (digest, maxBytes) =>
        this.store.getBytes(tenantId, digest, maxBytes),
      );
      const model = await host.load(parts);
      return await use((table) => scoreTable(model, table));
    } finally {
      host.dispose();
    }
  }
}

async function scoreTable(model: RunnableModel, table: Table): Promise<Float64Array> {
  const output = scoreOutputOf(model.signature);
  const scores = new Float64Array(table.rows);
  for (let start = 0; start < table.rows; start += CHUNK_ROWS) {
    const end = Math.min(table.rows, start + CHUNK_ROWS);
    const inputs = inputsOf(model.signature, table, start, end);
    // the event loop has its turn
    await setImmediate();
    const answer = model.runSync(inputs, [output])[output];
    if (answer?.data.length !== end - start)
      throw evaluatorProblem(
        'unprocessable',
        'output_unusable',
        `output '${output}' has ${answer?.data.length ?? 0} values for ${end - start} rows; it must have one a row`,
      );
    for (let row = start; row < end; row += 1) scores[row] = Number(answer.data[row - start]);
  }
  return scores;
}

/** The output to judge: `probability`, else the only floating point one. */
function scoreOutputOf(signature: SignatureView): string {
  const floats = signature.outputs.filter(({ datatype }) => datatype === 'FP32' || datatype === 'FP64');
  const found = floats.find(({ name }) => name === 'probability') ?? (floats.length === 1 ? floats[0] : undefined);
  if (!found)
    throw evaluatorProblem(
      'unprocessable',
      'output_unusable',
      `the model gives ${signature.outputs.map(({ name, datatype }) => `${name} (${datatype})`).join(', ')}; a suite needs an output 'probability' (FP32 or FP64)`,
    );
  return found.name;
}

function inputsOf(signature: SignatureView, table: Table, start: number, end: number): TensorMap {
  const tensors: Record<string, Tensor> = {};
  for (const { name, datatype } of signature.inputs) {
    const column = table.columns.get(name);
    if (!column)
      throw evaluatorProblem(
        'unprocessable',
        'input_unusable',
        `the model takes '${name}', which is no feature of the suite (${[...table.columns.keys()].join(', ')})`,
      );
    tensors[name] = { datatype, shape: [end - start, 1], data: dataOf(name, datatype, column, { start, end }) };
  }
  return tensors;
}

function dataOf(
  name: string,
  datatype: Tensor['datatype'],
  column: Column,
  { start, end }: { start: number; end: number },
): Tensor['data'] {
  if ((datatype === 'BYTES') !== (column.kind === 'categorical'))
    throw evaluatorProblem(
      'unprocessable',
      'input_unusable',
      `the model takes '${name}' as ${datatype}, the suite has it as ${column.kind}`,
    );
  if (column.kind === 'categorical') return column.values.slice(start, end);
  const data = newTensorData(datatype, end - start);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array)
    for (let row = start; row < end; row += 1) data[row - start] = BigInt(Math.trunc(column.values[row] ?? 0));
  else for (let row = start; row < end; row += 1) data[row - start] = column.values[row] ?? Number.NaN;
  return data;
}
