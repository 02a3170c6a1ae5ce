import { setImmediate } from 'node:timers/promises';
import type { Binding } from 'onnxruntime-node/dist/binding.js';
import { inferenceProblem } from '../inference-problem.js';
import { elementType } from '../onnx/onnx-types.js';
import {
  newTensorMap,
  type Datatype,
  type Signature,
  type Tensor,
  type TensorMap,
  type TensorSpec,
} from '../tensors/tensor.js';
import { loadOrt, NativeTensor, type NativeSession, type NativeTensors } from './load-ort.js';
import { doubledRow, firstOfTwo, shouldPairSingleRows } from './single-rows.js';
import { BfloatSession, speaksBfloat, widenBfloats } from './widen-bfloats.js';

export interface LoadOptions {
  /** Threads of one run, 1–64. Default 1: many models share the cores, and one thread gives the same bits every time. */
  readonly threads?: number;
  /** Whether threads of a run wait busily for the next one. Default true, as the runtime has it; of no account with one thread. */
  readonly spin?: boolean;
  /** Whether a row that comes alone is run as two, so that it gets the bits it has in a batch; see `single-rows.ts`. Default: where the file needs it. */
  readonly pairSingleRows?: boolean;
}

/** The runtime's names of element types, by the protocol's. */
const NATIVE_TYPES = {
  BOOL: 'bool',
  UINT8: 'uint8',
  UINT16: 'uint16',
  UINT32: 'uint32',
  UINT64: 'uint64',
  INT8: 'int8',
  INT16: 'int16',
  INT32: 'int32',
  INT64: 'int64',
  FP16: 'float16',
  BF16: 'bfloat16',
  FP32: 'float32',
  FP64: 'float64',
  BYTES: 'string',
} as const satisfies Readonly<Record<Datatype, string>>;

const DATATYPES: ReadonlyMap<string, Datatype> = new Map(
  Object.entries(NATIVE_TYPES).map(([datatype, type]) => [type, datatype as Datatype]),
);

/** A model in memory, ready to run. */
export class OnnxRuntimeModel {
  private isDisposed = false;
  private pairsSingleRows = false;
  private readonly allOutputs: Readonly<Record<string, null>>;

  private constructor(
    private readonly session: NativeSession,
    /** What the model takes and gives, as the runtime understood it. */
    readonly signature: Signature,
    /** Bytes of the file. */
    readonly sizeBytes: number,
  ) {
    this.allOutputs = fetchesOf(signature.outputs.map((output) => output.name));
  }

  /** @throws {ProblemError} `inference.onnx_unrunnable` when the runtime refuses the model, `inference.onnx_type_unsupported` for inputs or outputs that are no plain tensors. */
  static async load(bytes: Uint8Array, options: LoadOptions = {}): Promise<OnnxRuntimeModel> {
    const session = await sessionOf(bytes, options);
    try {
      const signature = { inputs: session.inputMetadata.map(specOf), outputs: session.outputMetadata.map(specOf) };
      const model = new OnnxRuntimeModel(session, signature, bytes.length);
      model.pairsSingleRows = options.pairSingleRows ?? shouldPairSingleRows(bytes, signature);
      return model;
    } catch (error) {
      session.dispose();
      throw error;
    }
  }

  /** As {@link runSync}, after the event loop has had its turn: a loop of runs does not starve the rest of the process. */
  async run(inputs: TensorMap, outputs?: readonly string[]): Promise<TensorMap> {
    await setImmediate();
    return this.runSync(inputs, outputs);
  }

  /**
   * Runs the model now and holds the thread until it is done: some microseconds for a small model. `outputs` selects which to compute; default all.
   * @throws {ProblemError} `inference.run_failed` when the runtime refuses these values (an input missing, an index out of range, shapes that don't fit each other),
   * `inference.value_invalid` for strings that hold U+0000.
   */
  runSync(inputs: TensorMap, outputs?: readonly string[]): TensorMap {
    if (this.isDisposed) throw inferenceProblem('unavailable', 'run_failed', 'the model was unloaded');
    const fetches = outputs === undefined ? this.allOutputs : fetchesOf(outputs);
    const doubled = this.pairsSingleRows ? doubledRow(inputs) : undefined;
    if (doubled === undefined) return this.runSession(inputs, fetches);
    const first = firstOfTwo(this.runSession(doubled, fetches));
    if (first !== undefined) return first;
    // not a model of rows after all
    this.pairsSingleRows = false;
    return this.runSession(inputs, fetches);
  }

  private runSession(inputs: TensorMap, fetches: Readonly<Record<string, null>>): TensorMap {
    let results: NativeTensors;
    try {
      results = this.session.run(this.feedsOf(inputs), fetches, {});
    } catch (cause) {
      throw inferenceProblem(
        'unprocessable',
        'run_failed',
        `the model can't be run on these values: ${reasonOf(cause)}`,
        {
          cause,
        },
      );
    }
    const answer = newTensorMap();
    for (const name in results) {
      const result = results[name];
      if (result !== undefined) answer[name] = tensorOf(result);
    }
    return answer;
  }

  private feedsOf(inputs: TensorMap): NativeTensors {
    const feeds = Object.create(null) as Record<string, NativeTensor>;
    for (const { name } of this.signature.inputs) {
      const tensor = inputs[name];
      if (tensor === undefined) throw new TypeError(`input '${name}' is missing`);
      if (Array.isArray(tensor.data)) refuseCutStrings(name, tensor.data);
      feeds[name] = new NativeTensor(NATIVE_TYPES[tensor.datatype], tensor.data, tensor.shape);
    }
    return feeds;
  }

  /** Frees the runtime's memory; a second call does nothing. */
  dispose(): void {
    if (this.isDisposed) return;
    this.isDisposed = true;
    this.session.dispose();
  }
}

/** The runtime's binding takes strings as C does: what follows a NUL would be lost without a word. */
function refuseCutStrings(name: string, values: readonly string[]): void {
  const at = values.findIndex((value) => value.includes('\0'));
  if (at >= 0)
    throw inferenceProblem(
      'invalid',
      'value_invalid',
      `input '${name}', value ${at} holds the character U+0000, which this model's runtime can't take`,
    );
}

async function sessionOf(bytes: Uint8Array, options: LoadOptions): Promise<NativeSession> {
  const Session = await loadOrt();
  const session = new Session();
  try {
    session.loadModel(bytes.buffer, bytes.byteOffset, bytes.byteLength, {
      intraOpNumThreads: options.threads ?? 1,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      // an arena keeps what the largest request ever needed, once a model; and models are many
      enableCpuMemArena: false,
      enableMemPattern: false,
      ...(options.spin === false && { extra: { session: { intra_op: { allow_spinning: '0' } } } }),
    });
  } catch (cause) {
    throw inferenceProblem('unprocessable', 'onnx_unrunnable', `the runtime refuses the model: ${reasonOf(cause)}`, {
      cause,
    });
  }
  if (!speaksBfloat(session)) return session;
  const widened = widenBfloats(bytes, session);
  session.dispose();
  return new BfloatSession(await sessionOf(widened, options));
}

function fetchesOf(names: readonly string[]): Readonly<Record<string, null>> {
  const fetches = Object.create(null) as Record<string, null>;
  for (const name of names) fetches[name] = null;
  return fetches;
}

function tensorOf(result: NativeTensor): Tensor {
  const datatype = DATATYPES.get(result.type);
  if (datatype === undefined)
    throw inferenceProblem(
      'unprocessable',
      'run_failed',
      `the model gave a ${result.type}, which has no name in the protocol`,
    );
  return { datatype, shape: result.dims, data: result.data };
}

function specOf(value: Binding.ValueMetadata): TensorSpec {
  const type = value.isTensor ? elementType(value.type) : undefined;
  if (type?.datatype === undefined)
    throw inferenceProblem(
      'unprocessable',
      'onnx_type_unsupported',
      `'${value.name}' is ${value.isTensor ? `of type ${type?.name ?? value.type}` : 'no tensor'}; only tensors of the protocol's types are run`,
    );
  return { name: value.name, datatype: type.datatype, shape: value.shape };
}

/** The runtime's own words, without its source paths. */
function reasonOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return text
    .replaceAll(/\/\S+\.(cc|h|cpp):\d+ ?/g, '')
    .replaceAll(/\s+/g, ' ')
    .slice(0, 400)
    .trim();
}
