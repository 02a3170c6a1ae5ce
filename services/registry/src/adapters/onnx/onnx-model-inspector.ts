import { readFile } from 'node:fs/promises';
import {
  type OnnxInspection,
  OnnxRuntimeModel,
  type ParityRecord,
  type TensorMap,
  checkParity,
  classify,
  elementCount,
  inspectOnnx,
  isBatchInvariant,
  measureLatency,
  newTensorData,
  parseParity,
  rowCount,
  sliceRows,
} from '@myriad/inference';
import { ProblemError, digestOf } from '@myriad/kernel';
import type { InspectedArtifact, ModelInspection, ModelInspector } from '../../application/ports.js';
import { MAX_PARAMETERS, refusals } from '../../domain/admission-policy.js';
import type { AdmissionReport, Reason, TensorSpec } from '../../domain/model.js';

const BLANK: AdmissionReport = {
  reasons: [],
  parity: null,
  signature: null,
  family: null,
  sizeClass: null,
  profile: null,
};
const MAX_ARTIFACT_BYTES = 2_147_483_648;
/** Rows made up where the trainer recorded none. */
const SAMPLE_ROWS = 16;

/** Parses the file without running it, then runs it: parity, latency, and whether batches change bits. */
export class OnnxModelInspector implements ModelInspector {
  async inspect({ path, digest }: InspectedArtifact, parity: Uint8Array | undefined): Promise<ModelInspection> {
    const artifact = await readFile(path);
    if (digestOf(artifact) !== digest) throw new Error('the file is not what its digest says');
    try {
      const inspection = await inspectOnnx(artifact, { maxBytes: MAX_ARTIFACT_BYTES });
      const reasons = refusals(inspection.operators, Math.min(inspection.parameterCount, MAX_PARAMETERS + 1));
      if (reasons.length > 0) return refused(reasons);
      return await run(artifact, parity, inspection);
    } catch (error) {
      if (!(error instanceof ProblemError) || error.kind === 'internal' || error.retryable) throw error;
      return refused([{ code: error.code, detail: error.message }]);
    }
  }
}

/** What becomes of a file that may not run here. */
export function refused(reasons: readonly Reason[]): ModelInspection {
  return { report: { ...BLANK, reasons }, isRefused: true };
}

async function run(
  artifact: Uint8Array,
  parity: Uint8Array | undefined,
  inspection: OnnxInspection,
): Promise<ModelInspection> {
  const model = await OnnxRuntimeModel.load(artifact);
  try {
    const record = parity && parseParity(parity, model.signature);
    const inputs = record?.inputs ?? madeUp(model.signature.inputs);
    const compared = record && (await compare(model, record));
    if (compared && 'code' in compared) return refused([compared]);
    const latency = await measureLatency(model, sliceRows(inputs, 0, 1));
    const batchInvariant = await isBatchInvariant(model, inputs);
    const { parameterCount, operators } = inspection;
    const report: AdmissionReport = {
      reasons: [],
      parity: compared ?? null,
      signature: { inputs: model.signature.inputs.map(copy), outputs: model.signature.outputs.map(copy) },
      ...classify(inspection),
      profile: { parameterCount, operators: [...operators], latencyMicrosP50: latency.p50Micros, batchInvariant },
    };
    return { report, isRefused: false };
  } finally {
    model.dispose();
  }
}

/** How far the file is from what the trainer recorded, or why that is too far. */
async function compare(
  model: OnnxRuntimeModel,
  record: ParityRecord,
): Promise<NonNullable<AdmissionReport['parity']> | Reason> {
  const { isEqual, firstDifference, maxAbsoluteDifference } = await checkParity(model, record);
  if (isEqual) return { rows: rowCount(record.inputs), maxDifference: maxAbsoluteDifference };
  const at = firstDifference
    ? `output '${firstDifference.output}', value ${firstDifference.index}: ${firstDifference.detail}`
    : `by ${maxAbsoluteDifference}`;
  return { code: 'registry.parity_failed', detail: `the file does not give what the trainer recorded: ${at}` };
}

const copy = (spec: TensorSpec): TensorSpec => ({ ...spec, shape: [...spec.shape] });

/** Zeros (or empty texts) in the model's shapes: enough to time it and to see whether it runs. */
function madeUp(specs: readonly TensorSpec[]): TensorMap {
  const shapeOf = ({ shape }: TensorSpec): number[] =>
    shape.map((size, at) => (size >= 0 ? size : at === 0 ? SAMPLE_ROWS : 1));
  return Object.fromEntries(
    specs.map((spec) => [
      spec.name,
      {
        datatype: spec.datatype,
        shape: shapeOf(spec),
        data: newTensorData(spec.datatype, elementCount(shapeOf(spec))),
      },
    ]),
  );
}
