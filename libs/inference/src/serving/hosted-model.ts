import type { RunnableModel } from '../runtime/runnable-model.js';
import type { Signature, TensorMap } from '../tensors/tensor.js';
import type { ModelHost } from './model-host.js';

/**
 * A model of a {@link ModelHost}, as an object. It costs more than the model's numbers do: who has many keeps the handle, and makes the object when it is asked for.
 * Once the model was removed, its objects run nothing, whoever has its handle by then.
 */
export class HostedModel implements RunnableModel {
  private readonly issue: number;

  constructor(
    readonly host: ModelHost,
    readonly handle: number,
  ) {
    this.issue = host.issueOf(handle);
  }

  /** Bytes that it takes beside its skeleton. */
  get memoryBytes(): number {
    return this.isThere ? this.host.memoryBytes(this.handle) : 0;
  }

  get signature(): Signature {
    return this.host.signature(this.there());
  }

  /** @throws {ProblemError} `inference.run_failed`; {RangeError} once it was removed. */
  runSync(inputs: TensorMap, outputs?: readonly string[]): TensorMap {
    return this.host.runSync(this.there(), inputs, outputs);
  }

  /** Removes it; a second call does nothing. */
  dispose(): void {
    if (this.isThere) this.host.remove(this.handle);
  }

  private get isThere(): boolean {
    return this.host.issueOf(this.handle) === this.issue;
  }

  private there(): number {
    if (!this.isThere) throw new RangeError('the model was removed');
    return this.handle;
  }
}
