import { isMainThread } from 'node:worker_threads';
import type { Binding } from 'onnxruntime-node/dist/binding.js';
import type { TensorData } from '../tensors/tensor.js';

/** A tensor as the native part of ONNX Runtime reads and makes it. */
export class NativeTensor {
  /** The native part asks where the data is. */
  readonly location = 'cpu';

  constructor(
    readonly type: string,
    readonly data: TensorData,
    readonly dims: readonly number[],
  ) {}
}

/** Tensors by name. */
export type NativeTensors = Readonly<Record<string, NativeTensor>>;

/** The native session, with the tensors it really deals in. */
export interface NativeSession extends Pick<Binding.InferenceSession, 'inputMetadata' | 'outputMetadata' | 'dispose'> {
  loadModel(buffer: ArrayBufferLike, offset: number, length: number, options: object): void;
  run(feeds: NativeTensors, fetches: Readonly<Record<string, null>>, options: object): NativeTensors;
}

export type NativeSessionClass = new () => NativeSession;

const LOG_NOTHING = 4;
let loading: Promise<NativeSessionClass> | undefined;

/**
 * The native part of ONNX Runtime, loaded on first use: 60 MB that a process which never scores does not pay for.
 *
 * The package's own JavaScript is left out: its `run` waits for the event loop's next round and so can't be timed for metering, costs 3 to 8 µs a run, and turns half floats into
 * a class that the native part (1.30) can't read.
 */
export async function loadOrt(): Promise<NativeSessionClass> {
  loading ??= import('onnxruntime-node/dist/binding.js').then(({ default: { binding } }) => {
    binding.initOrtOnce(LOG_NOTHING, NativeTensor as never, isMainThread);
    return binding.InferenceSession as unknown as NativeSessionClass;
  });
  return loading;
}
