import type { ProblemError } from '@myriad/kernel';
import { inferenceProblem } from '../inference-problem.js';
import { nodeName } from './onnx-checks.js';
import type { OnnxNode, OnnxTensor } from './onnx-model.js';
import { type Bound, boundOfOutputs, boundOfTensor } from './value-bounds.js';

/** How many times the largest dimension of the request and the weights a size may be that is computed from them. Models join few dimensions and scale images by less than ten. */
const MAX_FACTOR = 4_096;

/** Inputs that say how large an operator's output gets, by their positions. `Reshape`, `Slice`, `Split` and `TopK` are none: they give no more than they get. */
const SIZE_INPUTS: Readonly<Record<string, readonly number[]>> = {
  ConstantOfShape: [0],
  Expand: [1],
  Tile: [1, 2],
  OneHot: [1],
  Pad: [1],
  Resize: [2, 3],
  Upsample: [1],
  Range: [0, 1, 2],
};

/**
 * Follows where the sizes come from that a graph computes. A constant is the same when the file is tried and when it is used. A size may also be computed from shapes, as exporters do it,
 * to at most {@link MAX_FACTOR} times a dimension. What follows from the values of a request is refused: a row of a few bytes could ask for any amount of memory long after the file was tried.
 *
 * Not covered: what grows by the shapes that a request brings alone, as a matrix times itself.
 */
export class ComputedSizes {
  private constructor(
    /** Of the numbers in a tensor; none: they may follow the values of a request. */
    private readonly bounds: Map<string, Bound>,
    /** How many times larger a tensor's dimensions may be than those of the request and the weights; none: nothing is known. */
    private readonly growth: Map<string, number>,
  ) {}

  static none(): ComputedSizes {
    return new ComputedSizes(new Map(), new Map());
  }

  /** What a graph within sees of the graph around it. */
  within(): ComputedSizes {
    return new ComputedSizes(new Map(this.bounds), new Map(this.growth));
  }

  /** Of the numbers in a tensor, as far as they do not follow a request. */
  boundOf(name: string): Bound | undefined {
    return this.bounds.get(name);
  }

  input(name: string): void {
    this.growth.set(name, 1);
  }

  initializer(tensor: OnnxTensor): void {
    this.growth.set(tensor.name, 1);
    const bound = boundOfTensor(tensor);
    if (bound !== undefined) this.bounds.set(tensor.name, bound);
  }

  /** Checks an operator of ONNX and notes what it gives; of other nodes' outputs nothing is known. @throws {ProblemError} `inference.onnx_unbounded_size` */
  operator(node: OnnxNode): void {
    const factor = this.factorOf(node);
    const named = node.inputs.filter((name) => name !== '');
    const grown = named.map((name) => this.growth.get(name) ?? NaN);
    const growth = Math.max(factor, ...grown);
    const inputs = named.map((name) => this.bounds.get(name));
    const bound = boundOfOutputs(node, inputs, this.growth.get(named[0] ?? ''));
    for (const name of node.outputs) {
      if (!Number.isNaN(growth)) this.growth.set(name, growth);
      if (bound !== undefined) this.bounds.set(name, bound);
    }
  }

  /** How many times larger than what comes in the output's dimensions may be. */
  private factorOf(node: OnnxNode): number {
    const names = (SIZE_INPUTS[node.opType] ?? []).map((at) => node.inputs[at] ?? '').filter((name) => name !== '');
    return Math.max(1, ...names.map((name) => this.allowedFactor(node, name)));
  }

  private allowedFactor(node: OnnxNode, name: string): number {
    const bound = this.bounds.get(name);
    if (bound === undefined) throw unbounded(node, `input '${name}' follows from the values of a request`);
    const { factor, degree, isFixed, least } = bound;
    if (node.opType === 'Range' && name === node.inputs[2] && !(least >= 1))
      throw unbounded(node, `its step, input '${name}', is no constant of at least 1`);
    if (isFixed) return factor;
    if (degree > 1) throw unbounded(node, `input '${name}' is a product of dimensions`);
    if (!(factor <= MAX_FACTOR))
      throw unbounded(node, `input '${name}' may be ${factor} times a dimension of its input, more than ${MAX_FACTOR}`);
    return factor;
  }
}

function unbounded(node: OnnxNode, why: string): ProblemError {
  return inferenceProblem(
    'unprocessable',
    'onnx_unbounded_size',
    `nothing bounds the size of what ${nodeName(node)} makes: ${why}; only constants and multiples of the dimensions of inputs are accepted`,
  );
}
