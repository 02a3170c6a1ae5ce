import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import {
  newTensorMap,
  type Datatype,
  type Signature,
  type Tensor,
  type TensorData,
  type TensorMap,
  type TensorSpec,
} from '../tensors/tensor.js';
import { inferenceProblem } from '../inference-problem.js';
import { loadOrt, type Ort } from './load-ort.js';
import { doubledRow, firstOfTwo, shouldPairSingleRows } from './single-rows.js';

export interface LoadOptions {
  /** Whether a row that comes alone is run as two, so that it gets the bits it has in a batch; see `single-rows.ts`. Default: where the file needs it. */
  readonly pairSingleRows?: boolean;
  /** Threads of one run, 1–64. Default 1: many models share the cores, and one thread gives the same bits every time. */
  readonly threads?: number;
}

/** The runtime's names of element types, by the protocol's. */
const ORT_TYPES = {
  BOOL: 'bool',
  UINT8: 'uint8',
  INT8: 'int8',
  INT16: 'int16',
  INT32: 'int32',
  INT64: 'int64',
  FP16: 'float16',
  FP32: 'float32',
  FP64: 'float64',
  BYTES: 'string',
} as const satisfies Readonly<Record<Datatype, OrtTensor.Type>>;

const DATATYPES: ReadonlyMap<string, Datatype> = new Map(
  Object.entries(ORT_TYPES).map(([datatype, type]) => [type, datatype as Datatype]),
);

/** A model in memory, ready to run. One run at a time holds the thread; a small model's takes some microseconds. */
export class OnnxRuntimeModel {
  private isDisposed = false;
  private pairsSingleRows = false;

  private constructor(
    private readonly ort: Ort,
    private readonly session: InferenceSession,
    /** What the model takes and gives, as the runtime understood it. */
    readonly signature: Signature,
    /** Bytes of the file. */
    readonly sizeBytes: number,
  ) {}

  /** @throws {ProblemError} `inference.onnx_unrunnable` when the runtime refuses the model, `inference.onnx_type_unsupported` for inputs or outputs that are no plain tensors. */
  static async load(bytes: Uint8Array, options: LoadOptions = {}): Promise<OnnxRuntimeModel> {
    const ort = await loadOrt();
    const session = await ort.InferenceSession.create(bytes, {
      intraOpNumThreads: options.threads ?? 1,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      // the arena keeps what the largest request ever needed, once a model; small models are many
      enableCpuMemArena: false,
      enableMemPattern: false,
      // refusals are returned to the caller, who logs them
      logSeverityLevel: 4,
    }).catch((cause: unknown) => {
      throw inferenceProblem('unprocessable', 'onnx_unrunnable', `the runtime refuses the model: ${reasonOf(cause)}`, {
        cause,
      });
    });
    try {
      const signature = {
        inputs: session.inputMetadata.map(specOf),
        outputs: session.outputMetadata.map(specOf),
      };
      const model = new OnnxRuntimeModel(ort, session, signature, bytes.length);
      model.pairsSingleRows = options.pairSingleRows ?? shouldPairSingleRows(bytes, signature);
      return model;
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  /**
   * Runs the model. `outputs` selects which to compute; default all.
   * @throws {ProblemError} `inference.run_failed` when the runtime refuses these values (an index out of range, shapes that don't fit each other).
   */
  async run(inputs: TensorMap, outputs?: readonly string[]): Promise<TensorMap> {
    if (this.isDisposed) throw inferenceProblem('unavailable', 'run_failed', 'the model was unloaded');
    const doubled = this.pairsSingleRows ? doubledRow(inputs) : undefined;
    if (doubled === undefined) return this.runSession(inputs, outputs);
    const first = firstOfTwo(await this.runSession(doubled, outputs));
    if (first !== undefined) return first;
    // not a model of rows after all
    this.pairsSingleRows = false;
    return this.runSession(inputs, outputs);
  }

  private async runSession(inputs: TensorMap, outputs: readonly string[] | undefined): Promise<TensorMap> {
    const feeds = Object.create(null) as Record<string, OrtTensor>;
    for (const name in inputs) {
      const tensor = inputs[name];
      if (tensor !== undefined)
        feeds[name] = new this.ort.Tensor(ORT_TYPES[tensor.datatype], tensor.data, tensor.shape);
    }
    let results: Readonly<Record<string, OrtTensor>>;
    try {
      results = outputs === undefined ? await this.session.run(feeds) : await this.session.run(feeds, outputs);
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
    for (const [name, result] of Object.entries(results)) answer[name] = tensorOf(result);
    return answer;
  }

  /** Frees the runtime's memory; a second call does nothing. */
  async dispose(): Promise<void> {
    if (this.isDisposed) return;
    this.isDisposed = true;
    await this.session.release();
  }
}

function tensorOf(result: OrtTensor): Tensor {
  const datatype = DATATYPES.get(result.type);
  if (datatype === undefined)
    throw inferenceProblem(
      'unprocessable',
      'run_failed',
      `the model gave a ${result.type}, which has no name in the protocol`,
    );
  return { datatype, shape: result.dims, data: dataOf(datatype, result.data as TensorData) };
}

/** FP16 is its bits here, whichever class the runtime gives. */
function dataOf(datatype: Datatype, data: TensorData): TensorData {
  if (datatype !== 'FP16' || data instanceof Uint16Array || Array.isArray(data)) return data;
  return new Uint16Array(data.buffer, data.byteOffset, data.length);
}

function specOf(value: InferenceSession.ValueMetadata): TensorSpec {
  const datatype = value.isTensor ? DATATYPES.get(value.type) : undefined;
  if (!value.isTensor || datatype === undefined)
    throw inferenceProblem(
      'unprocessable',
      'onnx_type_unsupported',
      `'${value.name}' is ${value.isTensor ? `of type ${value.type}` : 'no tensor'}; only tensors of the protocol's types are run`,
    );
  return { name: value.name, datatype, shape: value.shape.map((size) => (typeof size === 'number' ? size : -1)) };
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
