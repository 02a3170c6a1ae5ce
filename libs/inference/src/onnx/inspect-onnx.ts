import { open } from 'node:fs/promises';
import { ProblemError } from '@myriad/kernel';
import type { Signature, TensorSpec } from '../tensors/tensor.js';
import { inferenceProblem } from '../inference-problem.js';
import { LocalFunctions } from './inline-functions.js';
import { foreignFormat } from './foreign-format.js';
import { boundedProduct } from './onnx-checks.js';
import { MODEL } from './onnx-descriptor.js';
import type { OnnxGraph, OnnxModel, OnnxValue } from './onnx-model.js';
import { elementType } from './onnx-types.js';
import { OnnxWalk, operatorName, type OnnxLimits } from './walk-onnx.js';
import { decodeWire } from './wire.js';

/** What an ONNX file says about itself, read without running it. */
export interface OnnxInspection {
  readonly irVersion: number;
  readonly producer: string;
  /** Version of each operator set, by domain; the default domain is `ai.onnx`. */
  readonly opsets: Readonly<Record<string, number>>;
  /** `domain:operator`, sorted, each once; those of subgraphs, functions and training graphs included, calls of the file's own functions left out. */
  readonly operators: readonly string[];
  readonly signature: Signature;
  /** Weights: elements of float and quantized initializers, and the numbers in attributes of classical operators. */
  readonly parameterCount: number;
  readonly nodeCount: number;
  /** 0 for a file without If, Loop or Scan. */
  readonly subgraphDepth: number;
  readonly functionCount: number;
  readonly hasTrainingInfo: boolean;
  readonly metadata: Readonly<Record<string, string>>;
  readonly sizeBytes: number;
}

const MIB = 1_048_576;
const DEFAULT_LIMITS: OnnxLimits = {
  maxBytes: 512 * MIB,
  maxNodes: 200_000,
  maxElements: 2 ** 28,
  maxSubgraphDepth: 8,
};
/** Names, dimensions and messages (which weigh 8) kept of one file. */
const MAX_ITEMS = 4_000_000;

/**
 * Reads an ONNX file, from bytes or a path, and refuses what must never reach the runtime.
 * @throws {ProblemError} `unprocessable`, code `inference.onnx_not_onnx`, `onnx_truncated`, `onnx_too_large`, `onnx_too_deep`, `onnx_external_data`,
 * `onnx_dimension_bomb`, `onnx_unbounded_size`, `onnx_unsafe_division`, `onnx_tensor_mismatch` or `onnx_type_unsupported`.
 */
export async function inspectOnnx(
  source: Uint8Array | string,
  limits: Partial<OnnxLimits> = {},
): Promise<OnnxInspection> {
  const all = { ...DEFAULT_LIMITS, ...limits };
  return inspectOnnxBytes(typeof source === 'string' ? await readBounded(source, all.maxBytes) : source, all);
}

async function readBounded(path: string, maxBytes: number): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    refuseTooLarge(size, maxBytes);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

function refuseTooLarge(sizeBytes: number, maxBytes: number): void {
  if (sizeBytes > maxBytes)
    throw inferenceProblem(
      'unprocessable',
      'onnx_too_large',
      `the file has ${sizeBytes} bytes; at most ${maxBytes} are allowed`,
    );
}

/** {@link inspectOnnx} for bytes in memory. */
export function inspectOnnxBytes(bytes: Uint8Array, limits: Partial<OnnxLimits> = {}): OnnxInspection {
  const all = { ...DEFAULT_LIMITS, ...limits };
  refuseTooLarge(bytes.length, all.maxBytes);
  const model = decodeModel(bytes);
  const graph = model.graph;
  if (graph === undefined || graph.outputs.length === 0) throw notOnnx('it has no graph with an output');
  const functions = new LocalFunctions(model.functions, all.maxNodes);
  const walk = new OnnxWalk(all, (node) => functions.isCall(node));
  walk.graph(graph);
  refuseMissingOpsets(walk, model);
  for (const training of model.training)
    for (const part of [training.initialization, training.algorithm]) if (part !== undefined) walk.graph(part);
  for (const item of model.functions) walk.functionBody(item.nodes);
  functions.expandedCount(graph.nodes);
  return {
    irVersion: model.irVersion,
    producer: model.producer,
    opsets: Object.fromEntries(model.opsets.map((set) => [set.domain === '' ? 'ai.onnx' : set.domain, set.version])),
    operators: operatorsOf(walk, model),
    signature: signatureOf(graph, all.maxElements),
    parameterCount: walk.parameterCount,
    nodeCount: walk.nodeCount,
    subgraphDepth: walk.subgraphDepth,
    functionCount: model.functions.length,
    hasTrainingInfo: model.training.length > 0,
    metadata: Object.fromEntries(model.metadata.map((entry) => [entry.key, entry.value])),
    sizeBytes: bytes.length,
  };
}

/** Operator sets stand last in a file: one that is used and not declared was cut off. */
function refuseMissingOpsets(walk: OnnxWalk, model: OnnxModel): void {
  const declared = new Set(model.opsets.map((set) => (set.domain === '' ? 'ai.onnx' : set.domain)));
  for (const name of walk.operators) {
    const domain = name.slice(0, name.lastIndexOf(':'));
    const isOwn = model.functions.some((item) => item.domain === domain);
    if (!declared.has(domain) && !isOwn) throw truncated(`the operator set of '${domain}' is missing`);
  }
}

/** A function in a domain of its own is no operator; one that takes an operator's name hides it, so that name stays. */
function operatorsOf(walk: OnnxWalk, model: OnnxModel): readonly string[] {
  const own = new Set(
    model.functions
      .filter((item) => item.domain !== '' && !/^(ai\.onnx|com\.microsoft|org\.pytorch)/.test(item.domain))
      .map((item) => operatorName({ domain: item.domain, opType: item.name })),
  );
  return [...walk.operators].filter((name) => !own.has(name)).sort();
}

function notOnnx(why: string, cause?: unknown): ProblemError {
  return inferenceProblem('unprocessable', 'onnx_not_onnx', `the bytes are not an ONNX model: ${why}`, { cause });
}

function decodeModel(bytes: Uint8Array): OnnxModel {
  if (bytes.length === 0) throw notOnnx('there are none');
  const model = MODEL.make();
  try {
    decodeWire(bytes, MODEL, MAX_ITEMS, model);
  } catch (error) {
    throw error instanceof ProblemError ? error : refusalOf(error, bytes, model);
  }
  if (!isPlausible(model)) throw notOnnx(foreignFormat(bytes) ?? `IR version ${model.irVersion}`);
  if (model.graph === undefined || model.opsets.length === 0)
    throw truncated(`the ${model.graph === undefined ? 'graph' : 'operator set'} is missing`);
  return model;
}

/** What stood before the break was a model's: then it is cut off, else it never was one. */
function refusalOf(error: unknown, bytes: Uint8Array, model: OnnxModel): ProblemError {
  const foreign = foreignFormat(bytes);
  const reason = error instanceof Error ? error.message : 'no protobuf';
  if (foreign === undefined && error instanceof RangeError && isPlausible(model)) return truncated(reason, error);
  return notOnnx(foreign ?? reason, error);
}

function truncated(why: string, cause?: unknown): ProblemError {
  return inferenceProblem('unprocessable', 'onnx_truncated', `the file is cut off: ${why}`, { cause });
}

function isPlausible(model: OnnxModel): boolean {
  return Number.isInteger(model.irVersion) && model.irVersion >= 1 && model.irVersion <= 64;
}

/** Inputs that have an initializer are defaults, not inputs (files before IR version 4 list them all). */
function signatureOf(graph: OnnxGraph, maxElements: number): Signature {
  const preset = new Set([
    ...graph.initializers.map((tensor) => tensor.name),
    ...graph.sparseInitializers.map((sparse) => sparse.values?.name ?? ''),
  ]);
  const spec = (role: string) => (value: OnnxValue) => specOf(value, `${role} '${value.name}'`, maxElements);
  return {
    inputs: graph.inputs.filter((value) => !preset.has(value.name)).map(spec('input')),
    outputs: graph.outputs.map(spec('output')),
  };
}

function specOf(value: OnnxValue, where: string, maxElements: number): TensorSpec {
  const unsupported = (what: string): ProblemError =>
    inferenceProblem('unprocessable', 'onnx_type_unsupported', `${where} ${what}`);
  if (value.name === '') throw unsupported('has no name');
  const type = value.type?.tensor;
  if (type === undefined)
    throw unsupported(
      `is a ${value.type?.other ?? 'value without a type'}; only tensors are accepted (in skl2onnx: options={'zipmap': False})`,
    );
  const element = elementType(type.elementType);
  if (element?.datatype === undefined) throw unsupported(`is of type ${element?.name ?? type.elementType}`);
  if (type.shape === undefined) throw unsupported('declares no shape; run onnx.shape_inference before the upload');
  const shape = type.shape.dims.map((dimension) => dimension.value ?? -1);
  boundedProduct(
    shape.map((size) => (size === -1 ? 1 : size)),
    maxElements,
    where,
  );
  return { name: value.name, datatype: element.datatype, shape };
}
