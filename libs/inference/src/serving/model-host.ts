import { compilePlan } from '../kernels/compile-plan.js';
import type { WeightMemory } from '../kernels/frame.js';
import { recordOf, type RecordLayout } from '../kernels/weight-record.js';
import { OnnxRuntimeModel } from '../runtime/onnx-runtime-model.js';
import { readWeights } from '../skeleton/check-weights.js';
import { readSkeleton, type Skeleton } from '../skeleton/skeleton.js';
import type { TensorMap } from '../tensors/tensor.js';
import { digestOf, type Digest } from '@myriad/kernel';
import { InputPlan } from './input-plan.js';
import { WeightSlab } from './weight-slab.js';

/** A skeleton and how it is run. */
interface Prepared {
  readonly skeleton: Skeleton;
  readonly layout: RecordLayout;
  run(memory: WeightMemory, start: number, inputs: TensorMap, outputs?: readonly string[]): TensorMap;
  dispose(): void;
  /** Length and header of a blob that was read and found right, where all blobs of the skeleton look alike. */
  seen: { readonly header: Uint8Array; readonly sizeBytes: number } | undefined;
}

/** What a model consists of, as admission stored it. */
export type ModelParts =
  | { readonly way: 'kernel' | 'inputs'; readonly skeleton: Uint8Array; readonly weights: Uint8Array }
  | { readonly way: 'whole'; readonly file: Uint8Array };

/** Memory of a session without its weights, and what a byte of its file takes; measured, see OnnxRuntimeModel's users. */
const SESSION_BYTES = 150_000;
const BYTES_PER_FILE_BYTE = 4;

/**
 * All models of a process. Skeletons are prepared once; a model of one costs its record in the slab and some numbers. Handles are small integers, and may come again once removed.
 * Runs hold the thread: microseconds.
 */
export class ModelHost {
  private readonly slab = new WeightSlab();
  private readonly prepared: (Prepared | undefined)[] = [];
  private readonly byKey = new Map<string, number>();
  /** By handle: number of the prepared skeleton, or −1 for a whole model; and its record in the slab, or its place among whole models. */
  private preparedOf = new Int32Array(1024);
  private placeOf = new Int32Array(1024);
  private readonly whole = new Map<number, OnnxRuntimeModel>();
  private readonly freeHandles: number[] = [];
  private handles = 0;

  /** Bytes that the slab holds for records, used or not, and for finding them. */
  get slabBytes(): number {
    return this.slab.reservedBytes + this.preparedOf.byteLength + this.placeOf.byteLength;
  }

  get skeletons(): number {
    return this.byKey.size;
  }

  /**
   * Brings a skeleton in; nothing happens where it is there.
   * @throws {Unsplittable} {NoKernel} for one that can't be run this way, {ProblemError} `inference.onnx_unrunnable`.
   */
  async prepare(way: 'kernel' | 'inputs', bytes: Uint8Array): Promise<Digest> {
    const digest = digestOf(bytes);
    const key = `${way}/${digest}`;
    if (this.byKey.has(key)) return digest;
    const skeleton = readSkeleton(bytes);
    const plan = way === 'kernel' ? compilePlan(skeleton) : await InputPlan.load(skeleton);
    // another call may have been faster
    if (this.byKey.has(key)) {
      if (plan instanceof InputPlan) plan.dispose();
      return digest;
    }
    this.byKey.set(key, this.prepared.length);
    this.prepared.push({
      skeleton,
      layout: plan.layout,
      run: (memory, start, inputs, outputs) => plan.run(memory, start, inputs, outputs),
      dispose: () => {
        if (plan instanceof InputPlan) plan.dispose();
      },
      seen: undefined,
    });
    return digest;
  }

  /** Brings a model in. @throws as {@link prepare}, and {SafetensorsError} for weights that don't fit the skeleton. */
  async add(parts: ModelParts): Promise<number> {
    if (parts.way === 'whole') {
      const model = await OnnxRuntimeModel.load(parts.file);
      const handle = this.newHandle(-1, 0);
      this.whole.set(handle, model);
      return handle;
    }
    const digest = await this.prepare(parts.way, parts.skeleton);
    return this.addWeights(parts.way, digest, parts.weights);
  }

  /** As {@link add}, of a skeleton that was prepared. @throws {RangeError} where it wasn't. */
  addWeights(way: 'kernel' | 'inputs', skeleton: Digest, weights: Uint8Array): number {
    const number = this.byKey.get(`${way}/${skeleton}`) ?? -1;
    const prepared = this.prepared[number];
    if (prepared === undefined) throw new RangeError(`skeleton ${skeleton} is not prepared`);
    return this.newHandle(number, this.slab.add(recordFrom(prepared, weights)));
  }

  /** @throws {ProblemError} `inference.run_failed`. */
  runSync(handle: number, inputs: TensorMap, outputs?: readonly string[]): TensorMap {
    const prepared = this.prepared[this.preparedOf[handle] ?? -1];
    if (prepared === undefined) return this.wholeOf(handle).runSync(inputs, outputs);
    const place = this.placeOf[handle] as number;
    return prepared.run(this.slab.memory(place), this.slab.start(place), inputs, outputs);
  }

  /** Bytes that a model takes beside its skeleton. */
  memoryBytes(handle: number): number {
    const isWhole = this.preparedOf[handle] === -1;
    if (isWhole) return SESSION_BYTES + BYTES_PER_FILE_BYTE * this.wholeOf(handle).sizeBytes;
    return this.slab.sizeBytes(this.placeOf[handle] as number) + 16;
  }

  /** Frees a model. Its skeleton stays: it is small, and the next model of it comes. */
  remove(handle: number): void {
    const prepared = this.prepared[this.preparedOf[handle] ?? -1];
    if (prepared === undefined) {
      this.wholeOf(handle).dispose();
      this.whole.delete(handle);
    } else this.slab.remove(this.placeOf[handle] as number);
    this.preparedOf[handle] = -1;
    this.freeHandles.push(handle);
  }

  dispose(): void {
    for (const model of this.whole.values()) model.dispose();
    for (const prepared of this.prepared) prepared?.dispose();
  }

  private wholeOf(handle: number): OnnxRuntimeModel {
    const model = this.whole.get(handle);
    if (model === undefined) throw new RangeError(`no model has handle ${handle}`);
    return model;
  }

  private newHandle(prepared: number, place: number): number {
    const handle = this.freeHandles.pop() ?? this.handles++;
    if (handle >= this.preparedOf.length) {
      const [skeletons, places] = [new Int32Array(2 * handle), new Int32Array(2 * handle)];
      skeletons.set(this.preparedOf);
      places.set(this.placeOf);
      this.preparedOf = skeletons;
      this.placeOf = places;
    }
    this.preparedOf[handle] = prepared;
    this.placeOf[handle] = place;
    return handle;
  }
}

/** The record of a blob. Most blobs of a skeleton have the very same header: then what it says was checked before, and the data is the record. */
function recordFrom(prepared: Prepared, blob: Uint8Array): Uint8Array {
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
