import { readFile } from 'node:fs/promises';
import {
  type OnnxInspection,
  ModelHost,
  OnnxRuntimeModel,
  type ParityRecord,
  type RunnableModel,
  type ServingChoice,
  type TensorMap,
  checkParity,
  chooseServing,
  classify,
  elementCount,
  estimateSessionBytes,
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
import type { AdmissionReport, Reason, ServingReport, TensorSpec } from '../../domain/model.js';

const BLANK: AdmissionReport = {
  reasons: [],
  parity: null,
  signature: null,
  family: null,
  sizeClass: null,
  profile: null,
  serving: null,
};
const MAX_ARTIFACT_BYTES = 2_147_483_648;
/** Rows made up where the trainer recorded none. */
const SAMPLE_ROWS = 16;

export interface InspectorOptions {
  /** Measures the memory of a session, bytes; undefined where that failed. By default it is estimated. */
  readonly sessionBytes?: (path: string) => Promise<number | undefined>;
}

/** Parses the file without running it, then runs it: parity, the way to serve it, latency, and whether batches change bits. */
export class OnnxModelInspector implements ModelInspector {
  constructor(private readonly options: InspectorOptions = {}) {}

  async inspect({ path, digest }: InspectedArtifact, parity: Uint8Array | undefined): Promise<ModelInspection> {
    const artifact = await readFile(path);
    if (digestOf(artifact) !== digest) throw new Error('the file is not what its digest says');
    try {
      const inspection = await inspectOnnx(artifact, { maxBytes: MAX_ARTIFACT_BYTES });
      const reasons = refusals(inspection.operators, Math.min(inspection.parameterCount, MAX_PARAMETERS + 1));
      if (reasons.length > 0) return refused(reasons);
      return await run({ artifact, parity, inspection, sessionBytes: () => this.options.sessionBytes?.(path) });
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

interface Inspected {
  readonly artifact: Uint8Array;
  readonly parity: Uint8Array | undefined;
  readonly inspection: OnnxInspection;
  readonly sessionBytes: () => Promise<number | undefined> | undefined;
}

async function run({ artifact, parity, inspection, sessionBytes }: Inspected): Promise<ModelInspection> {
  const file = await OnnxRuntimeModel.load(artifact);
  const host = new ModelHost();
  try {
    const record = parity && parseParity(parity, file.signature);
    const inputs = record?.inputs ?? madeUp(file.signature.inputs);
    const compared = record && compare(file, record);
    if (compared && 'code' in compared) return refused([compared]);
    const choice = await chooseServing(artifact, inputs, { recordedOutputs: record?.outputs });
    // as it will be served
    const model = await host.load(choice.parts);
    const latency = await measureLatency(model, sliceRows(inputs, 0, 1));
    const batchInvariant = await isBatchInvariant(model, inputs);
    const memoryBytes =
      choice.way === 'whole' ? ((await sessionBytes()) ?? estimateSessionBytes(artifact.length)) : model.memoryBytes;
    const { parameterCount, operators } = inspection;
    const report: AdmissionReport = {
      reasons: [],
      parity: compared ?? null,
      signature: { inputs: file.signature.inputs.map(copy), outputs: file.signature.outputs.map(copy) },
      ...classify(inspection),
      profile: { parameterCount, operators: [...operators], latencyMicrosP50: latency.p50Micros, batchInvariant },
      serving: servingOf(choice, memoryBytes),
    };
    return { report, isRefused: false, parts: choice.parts.way === 'whole' ? undefined : choice.parts };
  } finally {
    host.dispose();
    file.dispose();
  }
}

/** Reasons are words for people; an operator's attribute may be long. */
const MAX_REASON = 300;

/** To nanoseconds. */
const rounded = (micros: number | undefined): number | null =>
  micros === undefined ? null : Math.round(micros * 1_000) / 1_000;

function servingOf({ way, verdicts, parts }: ServingChoice, memoryBytes: number): ServingReport {
  const split = parts.way === 'whole' ? null : parts;
  return {
    way,
    micros: rounded(verdicts.find((verdict) => verdict.way === way)?.micros),
    memoryBytes,
    split: split && {
      skeletonDigest: digestOf(split.skeleton),
      skeletonBytes: split.skeleton.length,
      weightsDigest: digestOf(split.weights),
      weightsBytes: split.weights.length,
    },
    verdicts: verdicts.map((verdict) => ({
      way: verdict.way,
      micros: rounded(verdict.micros),
      reason: verdict.reason?.slice(0, MAX_REASON) ?? null,
    })),
  };
}

/** How far the file is from what the trainer recorded, or why that is too far. */
function compare(model: RunnableModel, record: ParityRecord): NonNullable<AdmissionReport['parity']> | Reason {
  const { isEqual, firstDifference, maxAbsoluteDifference } = checkParity(model, record);
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
