import type { ProtoNode, ProtoTensor } from '../skeleton/onnx-proto.js';
import { attributeOf } from '../skeleton/onnx-proto.js';
import type { Skeleton, WeightSpec } from '../skeleton/skeleton.js';
import { tensorBytes, unpackNumbers } from '../skeleton/tensor-bytes.js';
import type { Step } from './frame.js';
import { Floats, Integers, Texts, type Register } from './registers.js';

/** Why a skeleton has no kernels. */
export class NoKernel extends Error {}

/** @throws {NoKernel} */
export function noKernel(reason: string): never {
  throw new NoKernel(reason);
}

/** A weight: its number in the skeleton (where the frame says it lies) and what the skeleton says of it. */
export interface WeightRef {
  readonly index: number;
  readonly spec: WeightSpec;
}

/** An operand: values of this run, or a weight. */
export type Operand = { readonly register: Register } | { readonly weight: WeightRef };

/** Values of this run by name, with the sizes after the rows in the form that the name stands for. */
export interface Value {
  readonly register: Register;
  readonly tail: readonly number[];
}

/** Collects the steps of a plan. Operators ask it for their operands and their outputs' registers. */
export class Compiler {
  readonly steps: Step[] = [];
  readonly registers: Register[] = [];
  private readonly values = new Map<string, Register>();
  private readonly weights: ReadonlyMap<string, WeightRef>;
  private readonly constants: ReadonlyMap<string, ProtoTensor>;
  /** Tails by name: a reshape gives the same register another form. */
  private readonly tails = new Map<string, readonly number[]>();
  /** Names of values of shape [1, rows], as ArrayFeatureExtractor makes them of a table: only Cast and Reshape take them. */
  private readonly across = new Set<string>();

  constructor(private readonly skeleton: Skeleton) {
    this.weights = new Map(skeleton.weights.map((spec, index) => [spec.name, { index, spec }]));
    this.constants = new Map(skeleton.graph.initializers.map((tensor) => [tensor.name, tensor]));
  }

  define(name: string, register: Register): void {
    this.registers.push(register);
    this.values.set(name, register);
  }

  /** Gives values that exist a second name, in another form of as many columns. */
  alias(name: string, register: Register, tail: readonly number[]): void {
    this.values.set(name, register);
    this.tails.set(name, tail);
  }

  markAcross(name: string): void {
    this.across.add(name);
  }

  isAcross(name: string): boolean {
    return this.across.has(name);
  }

  /** A value that may also be [1, rows]. */
  anyValue(name: string): Value {
    const register = this.values.get(name) ?? noKernel(`'${name}' is not computed by kernels`);
    return { register, tail: this.tails.get(name) ?? register.tail };
  }

  /** A value of shape [rows, …tail]. */
  value(name: string): Value {
    if (this.across.has(name)) noKernel('a row of labels where rows belong');
    return this.anyValue(name);
  }

  operand(node: ProtoNode, position: number): Operand {
    const name = node.inputs[position] ?? '';
    const weight = this.weights.get(name);
    if (weight !== undefined) return { weight };
    if (this.constants.has(name)) noKernel(`${node.opType} with a constant as operand ${position}`);
    return { register: this.value(name).register };
  }

  /** Operand `position`, which must be floats of this run. */
  floats(node: ProtoNode, position = 0): Floats {
    const operand = this.operand(node, position);
    if ('register' in operand && operand.register.kind === 'floats') return operand.register;
    return noKernel(`${node.opType} of something other than floats`);
  }

  /** The sizes after the rows of operand `position`. */
  tail(node: ProtoNode, position = 0): readonly number[] {
    return this.value(node.inputs[position] ?? '').tail;
  }

  /** Operand `position`, which must be an FP32 weight. */
  floatWeight(node: ProtoNode, position: number): WeightRef {
    const operand = this.operand(node, position);
    if ('weight' in operand && operand.weight.spec.dtype === 'F32') return operand.weight;
    return noKernel(`${node.opType} whose operand ${position} is no FP32 weight`);
  }

  /** The weight that an attribute refers to. */
  attributeWeight(node: ProtoNode, name: string): WeightRef | undefined {
    const reference = attributeOf(node, name)?.reference ?? '';
    return reference === '' ? undefined : this.weights.get(reference);
  }

  /** The weight of an attribute that kernels can't do without. */
  neededWeight(node: ProtoNode, name: string): WeightRef {
    return this.attributeWeight(node, name) ?? noKernel(`${node.opType} without ${name}`);
  }

  /** A pool of strings that an attribute or operand refers to, by the name of its weight. */
  pool(
    reference: string,
  ): { readonly hashes: WeightRef; readonly ends: WeightRef; readonly units: WeightRef } | undefined {
    const [hashes, ends, units] = ['hashes', 'ends', 'units'].map((part) => this.weights.get(`${reference}.${part}`));
    return hashes && ends && units ? { hashes, ends, units } : undefined;
  }

  attributePool(node: ProtoNode, name: string): ReturnType<Compiler['pool']> {
    return this.pool(attributeOf(node, name)?.reference ?? '');
  }

  /** Integers that the skeleton spells out; undefined where it doesn't. */
  constant(name: string): { readonly values: readonly number[]; readonly dims: readonly number[] } | undefined {
    const tensor = this.constants.get(name);
    if (tensor === undefined) return undefined;
    const { dtype, bytes } = tensorBytes(tensor);
    return { values: unpackNumbers(dtype, bytes), dims: tensor.dims };
  }

  newFloats(node: ProtoNode, tail: readonly number[], position = 0): Floats {
    const register = new Floats(tail);
    this.define(node.outputs[position] ?? '', register);
    return register;
  }

  newIntegers(node: ProtoNode, tail: readonly number[], datatype: Integers['datatype'], position = 0): Integers {
    const register = new Integers(tail, datatype);
    this.define(node.outputs[position] ?? '', register);
    return register;
  }

  newTexts(node: ProtoNode, tail: readonly number[], position = 0): Texts {
    const register = new Texts(tail);
    this.define(node.outputs[position] ?? '', register);
    return register;
  }

  push(step: Step): void {
    this.steps.push(step);
  }
}

/** Compiles one node. @throws {NoKernel} where this form of the operator has none. */
export type NodeCompiler = (node: ProtoNode, compiler: Compiler) => void;
