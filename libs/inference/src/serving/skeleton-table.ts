import { digestOf, type Digest } from '@myriad/kernel';
import { compilePlan } from '../kernels/compile-plan.js';
import type { WeightMemory } from '../kernels/frame.js';
import { mirroredOf, type Mirrored } from '../kernels/mirrored-classes.js';
import { recordOf, type RecordLayout } from '../kernels/weight-record.js';
import { readWeights } from '../skeleton/check-weights.js';
import { readSkeleton, type Skeleton } from '../skeleton/skeleton.js';
import type { TensorMap } from '../tensors/tensor.js';
import { InputPlan } from './input-plan.js';

/** The ways that share skeletons. */
export type SplitWay = 'kernel' | 'inputs';

type RunRecord = (memory: WeightMemory, start: number, inputs: TensorMap, outputs?: readonly string[]) => TensorMap;

/** A skeleton and how it is run. */
export interface Prepared {
  readonly way: SplitWay;
  readonly skeleton: Skeleton;
  readonly layout: RecordLayout;
  readonly run: RunRecord;
  /** The same for halves of records; where there are such. */
  readonly half: { readonly halve: Mirrored['halve']; readonly run: RunRecord } | undefined;
  dispose(): void;
  /** Models that it is run for. */
  models: number;
  /** Length and header of a blob that was read and found right, where all blobs of the skeleton look alike. */
  seen: { readonly header: Uint8Array; readonly sizeBytes: number } | undefined;
}

/** Skeletons of which no model is left are kept up to this number: the next model of one mostly comes soon. */
const MOST_IDLE = 64;

/** Skeletons of a process, each prepared once a way; found by small numbers, which come again. */
export class SkeletonTable {
  private readonly prepared: (Prepared | undefined)[] = [];
  /** By way and digest: who asks mostly has the digest's own text, whose hash is known. */
  private readonly numbers = { kernel: new Map<Digest, number>(), inputs: new Map<Digest, number>() };
  private readonly freeNumbers: number[] = [];
  /** Those without a model, the one idle longest first. */
  private readonly idle = new Set<Prepared>();

  get size(): number {
    return this.numbers.kernel.size + this.numbers.inputs.size;
  }

  /**
   * Brings a skeleton in; nothing happens where it is there.
   * @throws {Unsplittable} {NoKernel} for one that can't be run this way, {ProblemError} `inference.onnx_unrunnable`.
   */
  async prepare(way: SplitWay, bytes: Uint8Array): Promise<Digest> {
    const digest = digestOf(bytes);
    if (this.find(way, digest) >= 0) return digest;
    const skeleton = readSkeleton(bytes);
    const plan = way === 'kernel' ? compilePlan(skeleton) : await InputPlan.load(skeleton);
    const dispose = (): void => {
      if (plan instanceof InputPlan) plan.dispose();
    };
    // another call may have been faster
    if (this.find(way, digest) >= 0) dispose();
    else
      this.enter({
        way,
        skeleton,
        layout: plan.layout,
        run: (memory, start, inputs, outputs) => plan.run(memory, start, inputs, outputs),
        half: way === 'kernel' ? halfOf(skeleton) : undefined,
        dispose,
        models: 0,
        seen: undefined,
      });
    return digest;
  }

  /** Its number; −1 where it is not prepared. */
  find(way: SplitWay, digest: Digest): number {
    return this.numbers[way].get(digest) ?? -1;
  }

  at(number: number): Prepared | undefined {
    return this.prepared[number];
  }

  /** A model of it comes. */
  retain(prepared: Prepared): void {
    prepared.models += 1;
    this.idle.delete(prepared);
  }

  /** A model of it goes. */
  release(prepared: Prepared): void {
    prepared.models -= 1;
    if (prepared.models === 0) this.rest(prepared);
  }

  dispose(): void {
    for (const prepared of this.prepared) prepared?.dispose();
  }

  private enter(prepared: Prepared): void {
    const number = this.freeNumbers.pop() ?? this.prepared.length;
    this.prepared[number] = prepared;
    this.numbers[prepared.way].set(prepared.skeleton.digest, number);
    this.rest(prepared);
  }

  private rest(prepared: Prepared): void {
    this.idle.add(prepared);
    const [longest] = this.idle;
    if (longest === undefined || this.idle.size <= MOST_IDLE) return;
    const { way, skeleton } = longest;
    const number = this.find(way, skeleton.digest);
    this.idle.delete(longest);
    this.numbers[way].delete(skeleton.digest);
    longest.dispose();
    this.prepared[number] = undefined;
    this.freeNumbers.push(number);
  }
}

function halfOf(skeleton: Skeleton): Prepared['half'] {
  const mirrored = mirroredOf(skeleton);
  if (mirrored === undefined) return undefined;
  const plan = compilePlan(mirrored.skeleton);
  return {
    halve: (record) => mirrored.halve(record),
    run: (memory, start, inputs, outputs) => plan.run(memory, start, inputs, outputs),
  };
}

/** The record of a blob. Most blobs of a skeleton have the very same header: then what it says was checked before, and the data is the record. */
export function recordFrom(prepared: Prepared, blob: Uint8Array): Uint8Array {
  const { seen, layout, skeleton } = prepared;
  if (seen?.sizeBytes === blob.length && Buffer.compare(seen.header, blob.subarray(0, seen.header.length)) === 0)
    return blob.subarray(seen.header.length);
  const tensors = readWeights(skeleton, blob);
  const record = recordOf(layout, tensors);
  const header = blob.slice(0, blob.length - record.length);
  // a blob whose tensors lie in another order than records have them is put in order each time
  const start = blob.byteOffset + header.length;
  const isInOrder = tensors.every(({ bytes }, i) => bytes.byteOffset - start === layout.offsets[i]);
  if (layout.isFixed && isInOrder) prepared.seen = { header, sizeBytes: blob.length };
  return record;
}
