import { isRecord, Faults, parseTensor } from '../tensors/parse-tensor.js';
import { newTensorMap, type SignatureView, type TensorMap, type TensorSpecView } from '../tensors/tensor.js';
import { compareOutputs, PARITY_TOLERANCE, type Comparison, type Tolerance } from './compare-outputs.js';
import type { RunnableModel } from './runnable-model.js';

/** Rows the trainer recorded: what went in, and what its framework gave. */
export interface ParityRecord {
  readonly inputs: TensorMap;
  readonly outputs: TensorMap;
}

/**
 * Parses a parity file, JSON `{inputs: [V2 tensors], outputs: [V2 tensors]}`, against the model's signature. Every input and at least one output must be there.
 * @throws {ProblemError} as {@link parseInferRequest}, pointers into this file.
 */
export function parseParity(bytes: Uint8Array, signature: SignatureView): ParityRecord {
  const faults = new Faults();
  const json = parseJson(bytes, faults);
  const inputs = parseSide(json, 'inputs', signature.inputs, faults);
  const outputs = parseSide(json, 'outputs', signature.outputs, faults);
  for (const spec of signature.inputs)
    if (!(spec.name in inputs)) faults.add('input_missing', '/inputs', `input '${spec.name}' is missing`);
  if (Object.keys(outputs).length === 0) faults.add('request_invalid', '/outputs', 'no output was recorded');
  if (!faults.isEmpty) throw faults.toProblem();
  return { inputs, outputs };
}

function parseJson(bytes: Uint8Array, faults: Faults): Readonly<Record<string, unknown>> {
  try {
    const json: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'));
    if (isRecord(json)) return json;
  } catch {
    // said below
  }
  faults.add('request_invalid', '', "a parity file is a JSON object with 'inputs' and 'outputs'");
  return {};
}

function parseSide(
  json: Readonly<Record<string, unknown>>,
  side: 'inputs' | 'outputs',
  specs: readonly TensorSpecView[],
  faults: Faults,
): TensorMap {
  const sent = json[side];
  const tensors = newTensorMap();
  for (const [i, tensor] of (Array.isArray(sent) ? (sent as readonly unknown[]) : []).entries()) {
    const pointer = `/${side}/${i}`;
    const name: unknown = isRecord(tensor) ? tensor['name'] : undefined;
    const spec = specs.find((item) => item.name === name);
    if (!isRecord(tensor) || spec === undefined) {
      faults.add('input_unexpected', pointer, `the model has no ${side.slice(0, -1)} ${String(name)}`);
      continue;
    }
    const parsed = parseTensor(tensor, spec, { pointer, label: `${side.slice(0, -1)} '${spec.name}'` }, faults);
    if (parsed !== undefined) tensors[spec.name] = parsed;
  }
  return tensors;
}

/** Runs the recorded inputs and compares with the recorded outputs. */
export function checkParity(
  model: Pick<RunnableModel, 'runSync'>,
  record: ParityRecord,
  tolerance: Tolerance = PARITY_TOLERANCE,
): Comparison {
  return compareOutputs(model.runSync(record.inputs), record.outputs, tolerance);
}
