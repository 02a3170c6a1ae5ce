import { inferenceProblem } from '../inference-problem.js';
import { BinaryCursor } from './binary-body.js';
import { parseOutputs } from './parse-outputs.js';
import { Faults, isRecord, parseTensor } from './parse-tensor.js';
import { inputSpec, newTensorMap, type SignatureView, type TensorMap } from './tensor.js';

export interface InferOptions {
  /** Rows of one request. Default {@link MAX_ROWS}; batch jobs are there for more. */
  readonly maxRows?: number;
  /** What follows the JSON, when the client said that something does; see {@link splitBody}. */
  readonly binary?: Uint8Array | undefined;
  /** Where every input came as bytes of its own, apart from what describes it: those, in the order of the inputs. */
  readonly blobs?: readonly Uint8Array[] | undefined;
}

/** An inference request of the Open Inference Protocol, checked against a model's signature. */
export interface InferRequest {
  readonly id: string | undefined;
  readonly inputs: TensorMap;
  /** Size of the batch dimension; 1 for models without one. */
  readonly rows: number;
  /** Outputs asked for, in the order asked; undefined = all. */
  readonly outputs: readonly string[] | undefined;
  /** Those that are wanted as bytes rather than as JSON. */
  readonly binary: ReadonlySet<string>;
}

/** Rows of one request. */
export const MAX_ROWS = 100_000;
const MEMBERS: ReadonlySet<string> = new Set(['id', 'parameters', 'inputs', 'outputs']);
/** KServe's client says in the body, too, which model it means; the path decides. */
const SAID_TWICE: ReadonlySet<string> = new Set(['model_name', 'model_version']);

/**
 * Parses a V2 JSON request (github.com/kserve/open-inference-protocol, inference_rest.md). Data may be flat or nested; null is a missing value (NaN) in FP inputs only. An optional
 * member that is null counts as missing: clients whose requests are dataclasses send all of them.
 * @throws {ProblemError} `invalid` with `inference.request_invalid`, `input_missing`, `input_unexpected`, `input_duplicate`, `shape_mismatch`, `datatype_mismatch`,
 * `value_invalid`, `output_unknown`, `binary_invalid`; `too-large` with `inference.too_many_rows`. Each fault says what was sent and what the signature allows, with a JSON Pointer.
 */
export function parseInferRequest(json: unknown, signature: SignatureView, options: InferOptions = {}): InferRequest {
  const faults = new Faults();
  const body = isRecord(json) ? json : {};
  const sent = body['inputs'];
  if (!isRecord(json) || !Array.isArray(sent)) {
    faults.add('request_invalid', isRecord(json) ? '/inputs' : '', "the request needs 'inputs', a list of tensors");
    throw faults.toProblem();
  }
  const id = parseEnvelope(body, faults);
  refuseTooManyRows(sent, signature, options.maxRows ?? MAX_ROWS);
  const binary = new BinaryCursor(options.binary, options.blobs);
  const inputs = parseInputs(sent, signature, binary, faults);
  binary.end();
  const rows = checkRows(inputs, signature, faults);
  const wishes = parseOutputs(body, signature, faults);
  if (!faults.isEmpty) throw faults.toProblem();
  return { id, inputs, rows, outputs: wishes.names, binary: wishes.binary };
}

function parseEnvelope(body: Readonly<Record<string, unknown>>, faults: Faults): string | undefined {
  for (const member in body)
    if (!MEMBERS.has(member) && !SAID_TWICE.has(member))
      faults.add(
        'request_invalid',
        `/${member.replaceAll('~', '~0').replaceAll('/', '~1')}`,
        `'${member}' is not a member of an inference request: ${[...MEMBERS].join(', ')}`,
      );
  const id = body['id'] ?? undefined;
  if (id === undefined || typeof id === 'string') return id;
  faults.add('request_invalid', '/id', "'id' must be a string");
  return undefined;
}

/** Looks at the announced shapes before any value is touched. */
function refuseTooManyRows(sent: readonly unknown[], signature: SignatureView, maxRows: number): void {
  for (const [i, tensor] of sent.entries()) {
    if (!isRecord(tensor) || !Array.isArray(tensor['shape'])) continue;
    const rows: unknown = tensor['shape'][0];
    const name = tensor['name'];
    const isBatch = typeof name === 'string' && inputSpec(signature, name)?.shape[0] === -1;
    if (isBatch && typeof rows === 'number' && rows > maxRows)
      throw inferenceProblem(
        'too-large',
        'too_many_rows',
        `${rows} rows were sent; one request takes at most ${maxRows}. Send several requests, or score a dataset with a batch job`,
        { errors: [{ pointer: `/inputs/${i}/shape/0`, detail: `${rows} rows; at most ${maxRows}` }] },
      );
  }
}

function parseInputs(
  sent: readonly unknown[],
  signature: SignatureView,
  binary: BinaryCursor,
  faults: Faults,
): TensorMap {
  const inputs = newTensorMap();
  const seen = new Set<string>();
  for (const [i, tensor] of sent.entries()) {
    const pointer = `/inputs/${i}`;
    const name: unknown = isRecord(tensor) ? tensor['name'] : undefined;
    if (!isRecord(tensor) || typeof name !== 'string') {
      faults.add('request_invalid', pointer, "an input is an object with 'name', 'datatype', 'shape' and 'data'");
      continue;
    }
    const blob = binary.at(i) ?? blobOf(tensor, pointer, binary, faults);
    const spec = inputSpec(signature, name);
    if (spec === undefined)
      faults.add(
        'input_unexpected',
        `${pointer}/name`,
        `the model has no input '${name}'; it has ${names(signature.inputs)}`,
      );
    else if (seen.has(name)) faults.add('input_duplicate', `${pointer}/name`, `input '${name}' was sent twice`);
    else {
      seen.add(name);
      const parsed = parseTensor(tensor, spec, { pointer, label: `input '${name}'`, blob }, faults);
      if (parsed !== undefined) inputs[name] = parsed;
    }
  }
  for (const spec of signature.inputs)
    if (!seen.has(spec.name))
      faults.add(
        'input_missing',
        '/inputs',
        `input '${spec.name}' (${spec.datatype}) is missing; the model takes ${names(signature.inputs)}`,
      );
  return inputs;
}

/** The tensor's bytes, in the order of the JSON, whatever else is wrong with it. */
function blobOf(
  tensor: Readonly<Record<string, unknown>>,
  pointer: string,
  binary: BinaryCursor,
  faults: Faults,
): Uint8Array | undefined {
  const parameters = tensor['parameters'] ?? undefined;
  if (parameters === undefined) return undefined;
  if (!isRecord(parameters)) {
    faults.add('request_invalid', `${pointer}/parameters`, "'parameters' must be an object");
    return undefined;
  }
  if ((parameters['shared_memory_region'] ?? undefined) !== undefined)
    faults.add('request_invalid', `${pointer}/parameters/shared_memory_region`, 'shared memory is not supported');
  return binary.next(parameters['binary_data_size'] ?? undefined, pointer);
}

function names(specs: SignatureView['inputs']): string {
  return specs.map((spec) => `'${spec.name}'`).join(', ');
}

/** Every input whose first dimension varies must have the same number of rows. */
function checkRows(inputs: TensorMap, signature: SignatureView, faults: Faults): number {
  let rows: number | undefined;
  let first = '';
  for (const spec of signature.inputs) {
    const sent = spec.shape[0] === -1 ? inputs[spec.name]?.shape[0] : undefined;
    if (sent === undefined) continue;
    if (sent === 0) faults.add('shape_mismatch', '/inputs', `input '${spec.name}' has no rows; at least 1 is needed`);
    else if (rows !== undefined && rows !== sent)
      faults.add(
        'shape_mismatch',
        '/inputs',
        `input '${first}' has ${rows} rows and input '${spec.name}' has ${sent}; all need the same`,
      );
    else {
      rows = sent;
      first = spec.name;
    }
  }
  return rows ?? 1;
}
