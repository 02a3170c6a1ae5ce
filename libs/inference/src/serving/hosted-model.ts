import type { RunnableModel } from '../runtime/runnable-model.js';
import type { Signature, TensorMap } from '../tensors/tensor.js';
import type { ModelHost } from './model-host.js';

const GONE = -1;

/** A model of a {@link ModelHost}, as an object of its own. */
export class HostedModel implements RunnableModel {
  /** Bytes that it takes beside its skeleton. */
  readonly memoryBytes: number;

  constructor(
    private readonly host: ModelHost,
    private handle: number,
  ) {
    this.memoryBytes = host.memoryBytes(handle);
  }

  get signature(): Signature {
    return this.host.signature(this.handle);
  }

  /** @throws {ProblemError} `inference.run_failed`; {RangeError} once it was disposed. */
  runSync(inputs: TensorMap, outputs?: readonly string[]): TensorMap {
    return this.host.runSync(this.handle, inputs, outputs);
  }

  /** Frees it; a second call does nothing, whoever has its handle by then. */
  dispose(): void {
    if (this.handle === GONE) return;
    this.host.remove(this.handle);
    this.handle = GONE;
  }
}
