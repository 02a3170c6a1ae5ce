import type { SignatureView, TensorMap } from '../tensors/tensor.js';

/** A model in memory, whatever runs it. */
export interface RunnableModel {
  readonly signature: SignatureView;
  /** Runs it now and holds the thread. @throws {ProblemError} `inference.run_failed`. */
  runSync(inputs: TensorMap, outputs?: readonly string[]): TensorMap;
}
