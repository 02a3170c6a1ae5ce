import { inferenceProblem } from '../inference-problem.js';
import type { Skeleton } from '../skeleton/skeleton.js';
import { newTensorMap, type Datatype, type TensorMap } from '../tensors/tensor.js';
import { Frame, type Step, type WeightMemory } from './frame.js';
import { bindInput, type Register } from './registers.js';
import { bindRecord, layoutOf, type RecordLayout } from './weight-record.js';

interface PlanParts {
  readonly skeleton: Skeleton;
  readonly inputs: readonly { readonly name: string; readonly datatype: Datatype; readonly register: Register }[];
  readonly outputs: readonly { readonly name: string; readonly register: Register; readonly tail: readonly number[] }[];
  readonly registers: readonly Register[];
  readonly steps: readonly Step[];
}

/** A skeleton as steps over typed arrays, prepared once for all its models. Runs are synchronous; registers are shared by all of them. */
export class KernelPlan {
  readonly layout: RecordLayout;
  private readonly frame: Frame;
  private readonly inner: readonly Register[];
  private readonly fresh: readonly Register[];
  private capacity = 0;

  constructor(private readonly parts: PlanParts) {
    this.layout = layoutOf(parts.skeleton.weights);
    this.frame = new Frame(parts.skeleton.weights.length);
    this.inner = parts.registers.filter((register) => !register.isInput && !register.isOutput);
    this.fresh = parts.registers.filter((register) => register.isOutput);
  }

  /**
   * Runs the model whose weights lie at `start` of `memory`.
   * @throws {ProblemError} `inference.run_failed` where inputs are missing or don't fit each other.
   */
  run(memory: WeightMemory, start: number, inputs: TensorMap, outputs?: readonly string[]): TensorMap {
    const { frame, parts } = this;
    bindRecord(this.layout, frame, memory, start);
    frame.rows = this.bindInputs(inputs);
    if (frame.rows > this.capacity) {
      this.capacity = frame.rows;
      for (const register of this.inner) register.reserve(frame.rows);
    }
    for (const register of this.fresh) register.reserve(frame.rows);
    for (const step of parts.steps) step(frame);
    const answer = newTensorMap();
    for (const { name, register, tail } of parts.outputs)
      if (outputs === undefined || outputs.includes(name)) answer[name] = register.toTensor(frame.rows, tail);
    return answer;
  }

  private bindInputs(inputs: TensorMap): number {
    let rows = -1;
    for (const { name, datatype, register } of this.parts.inputs) {
      const tensor = inputs[name];
      if (tensor === undefined) throw runFailed(`input '${name}' is missing`);
      if (rows === -1) rows = tensor.shape[0] ?? 0;
      if (tensor.datatype !== datatype || tensor.shape[0] !== rows || tensor.data.length !== rows * register.width)
        throw runFailed(
          `input '${name}' is ${tensor.datatype}[${tensor.shape.join(', ')}]; ${datatype} of ${rows} rows was expected`,
        );
      bindInput(register, tensor);
    }
    return rows;
  }
}

/** A refusal of values, in the runtime's place. */
export function runFailed(why: string): Error {
  return inferenceProblem('unprocessable', 'run_failed', `the model can't be run on these values: ${why}`);
}
