import { isRecord, type Faults } from './parse-tensor.js';
import type { SignatureView } from './tensor.js';

/** What a request wants back. */
export interface OutputWishes {
  /** In the order asked; undefined: all. */
  readonly names: readonly string[] | undefined;
  /** Names of those that are wanted as bytes. */
  readonly binary: ReadonlySet<string>;
}

const NONE: ReadonlySet<string> = new Set();
/** Extensions that change what an answer holds: a client that asks for one would misread an answer without it. */
const UNSUPPORTED = ['classification', 'shared_memory_region'] as const;

/** Reads `outputs`, and `parameters.binary_data_output`, which holds for outputs that say nothing of their own. */
export function parseOutputs(
  body: Readonly<Record<string, unknown>>,
  signature: SignatureView,
  faults: Faults,
): OutputWishes {
  const byDefault = flagOf(body['parameters'], 'binary_data_output', '/parameters', faults) ?? false;
  const sent = body['outputs'] ?? undefined;
  if (sent !== undefined && !Array.isArray(sent))
    faults.add('request_invalid', '/outputs', "'outputs' must be a list of objects with 'name'");
  if (!Array.isArray(sent) || sent.length === 0)
    return { names: undefined, binary: byDefault ? allOutputs(signature) : NONE };
  return parseAsked(sent, byDefault, signature, faults);
}

function parseAsked(
  sent: readonly unknown[],
  byDefault: boolean,
  signature: SignatureView,
  faults: Faults,
): OutputWishes {
  const names: string[] = [];
  const binary: string[] = [];
  for (const [i, output] of sent.entries()) {
    const name = nameOf(output, names, signature);
    if (name === undefined || !isRecord(output)) {
      const asked = isRecord(output) ? String(output['name']) : String(output);
      const known = signature.outputs.map((spec) => `'${spec.name}'`).join(', ');
      faults.add('output_unknown', `/outputs/${i}`, `output ${asked} was asked for; the model has ${known}, each once`);
      continue;
    }
    names.push(name);
    if (flagOf(output['parameters'], 'binary_data', `/outputs/${i}/parameters`, faults) ?? byDefault) binary.push(name);
  }
  return { names, binary: binary.length === 0 ? NONE : new Set(binary) };
}

const allOf = new WeakMap<SignatureView, ReadonlySet<string>>();

/** Names of all outputs. */
export function allOutputs(signature: SignatureView): ReadonlySet<string> {
  let all = allOf.get(signature);
  if (all === undefined) allOf.set(signature, (all = new Set(signature.outputs.map((spec) => spec.name))));
  return all;
}

function nameOf(output: unknown, before: readonly string[], signature: SignatureView): string | undefined {
  const name: unknown = isRecord(output) ? output['name'] : undefined;
  const isKnown = typeof name === 'string' && signature.outputs.some((spec) => spec.name === name);
  return isKnown && !before.includes(name) ? name : undefined;
}

function flagOf(parameters: unknown, name: string, pointer: string, faults: Faults): boolean | undefined {
  if (parameters === undefined || parameters === null) return undefined;
  if (!isRecord(parameters)) {
    faults.add('request_invalid', pointer, "'parameters' must be an object");
    return undefined;
  }
  for (const extension of UNSUPPORTED)
    if ((parameters[extension] ?? undefined) !== undefined)
      faults.add('request_invalid', `${pointer}/${extension}`, `'${extension}' is not supported; ask for the values`);
  const flag = parameters[name] ?? undefined;
  if (flag === undefined || typeof flag === 'boolean') return flag;
  faults.add('request_invalid', `${pointer}/${name}`, `'${name}' must be true or false`);
  return undefined;
}
