import type { Digest } from '@myriad/kernel';
import { OnnxRuntimeModel } from '../runtime/onnx-runtime-model.js';
import type { Signature, TensorMap } from '../tensors/tensor.js';
import { HostedModel } from './hosted-model.js';
import { recordFrom, SkeletonTable, type Prepared, type SplitWay } from './skeleton-table.js';
import { WeightSlab } from './weight-slab.js';

/** What a model consists of, as admission stored it. */
export type ModelParts =
  | { readonly way: SplitWay; readonly skeleton: Uint8Array; readonly weights: Uint8Array }
  | {
      readonly way: 'whole';
      readonly file: Uint8Array;
      /** Memory that was measured for it, bytes; by default it is estimated. */
      readonly memoryBytes?: number | undefined;
    };

/** Memory of a session without its weights, bytes: 148 KB was measured for a pipeline of nine nodes, 46 KB for a single one. */
const SESSION_BYTES = 150_000;
/** Memory a byte of the file takes: weights are unpacked, and packed again for the kernels; 283 KB was measured for a forest of 44 KB. */
const BYTES_PER_FILE_BYTE = 4;
/** What finding a record takes beside it. */
const BYTES_PER_HANDLE = 20;

/** What a file of this size is taken for that nobody has measured, bytes. */
export function estimateSessionBytes(fileBytes: number): number {
  return SESSION_BYTES + BYTES_PER_FILE_BYTE * fileBytes;
}

interface Whole {
  readonly model: OnnxRuntimeModel;
  readonly memoryBytes: number;
}

/**
 * All models of a process. Skeletons are prepared once; a model of one costs its record in the slab and some numbers. Handles are small integers, and may come again once removed.
 * Runs hold the thread: microseconds.
 */
export class ModelHost {
  private readonly slab = new WeightSlab();
  private readonly table = new SkeletonTable();
  /** By handle: twice the number of the prepared skeleton, one more where the record is a half, or −1 for a whole model; and its record in the slab, or its place among whole models. */
  private preparedOf = new Int32Array(1024);
  private placeOf = new Int32Array(1024);
  /** By handle, how often it was given and taken back: what was got by a handle once is known from what has it later. */
  private issues = new Uint32Array(1024);
  private readonly whole = new Map<number, Whole>();
  private readonly freeHandles: number[] = [];
  private handles = 0;

  /** Bytes that the slab holds for records, used or not, and for finding them. */
  get slabBytes(): number {
    return this.slab.reservedBytes + this.preparedOf.byteLength + this.placeOf.byteLength + this.issues.byteLength;
  }

  get skeletons(): number {
    return this.table.size;
  }

  /**
   * Brings a skeleton in; nothing happens where it is there. It stays while it has models, and then until many others have none either.
   * @throws {Unsplittable} {NoKernel} for one that can't be run this way, {ProblemError} `inference.onnx_unrunnable`.
   */
  prepare(way: SplitWay, bytes: Uint8Array): Promise<Digest> {
    return this.table.prepare(way, bytes);
  }

  isPrepared(way: SplitWay, skeleton: Digest): boolean {
    return this.table.find(way, skeleton) !== -1;
  }

  /** Brings a model in. @throws as {@link prepare}, and {SafetensorsError} for weights that don't fit the skeleton. */
  async add(parts: ModelParts): Promise<number> {
    if (parts.way === 'whole') {
      const model = await OnnxRuntimeModel.load(parts.file);
      const handle = this.newHandle(-1, 0);
      this.whole.set(handle, { model, memoryBytes: parts.memoryBytes ?? estimateSessionBytes(parts.file.length) });
      return handle;
    }
    const digest = await this.prepare(parts.way, parts.skeleton);
    return this.addWeights(parts.way, digest, parts.weights);
  }

  /** As {@link add}, with the handle wrapped. */
  async load(parts: ModelParts): Promise<HostedModel> {
    return new HostedModel(this, await this.add(parts));
  }

  /** As {@link add}, of a skeleton that is prepared. @throws {RangeError} where it isn't. */
  addWeights(way: SplitWay, skeleton: Digest, weights: Uint8Array): number {
    const number = this.table.find(way, skeleton);
    const prepared = this.table.at(number);
    if (prepared === undefined) throw new RangeError(`skeleton ${skeleton} is not prepared`);
    const record = recordFrom(prepared, weights);
    const half = prepared.half?.halve(record);
    const form = 2 * number + (half === undefined ? 0 : 1);
    const handle = this.newHandle(form, this.slab.add(half ?? record));
    this.table.retain(prepared);
    return handle;
  }

  /** @throws {ProblemError} `inference.run_failed`. */
  runSync(handle: number, inputs: TensorMap, outputs?: readonly string[]): TensorMap {
    const prepared = this.preparedAt(handle);
    if (prepared === undefined) return this.wholeAt(handle).model.runSync(inputs, outputs);
    const place = this.placeOf[handle] as number;
    const { run } = this.isHalf(handle) ? (prepared.half ?? prepared) : prepared;
    return run(this.slab.memory(place), this.slab.start(place), inputs, outputs);
  }

  /** No other model that ever had this handle has the same number. */
  issueOf(handle: number): number {
    return this.issues[handle] as number;
  }

  /** What the model takes and gives. */
  signature(handle: number): Signature {
    return this.preparedAt(handle)?.skeleton.signature ?? this.wholeAt(handle).model.signature;
  }

  /** Bytes that a model takes beside its skeleton. */
  memoryBytes(handle: number): number {
    if (this.preparedAt(handle) === undefined) return this.wholeAt(handle).memoryBytes;
    return this.slab.sizeBytes(this.placeOf[handle] as number) + BYTES_PER_HANDLE;
  }

  /** Frees a model. */
  remove(handle: number): void {
    const prepared = this.preparedAt(handle);
    if (prepared === undefined) {
      this.wholeAt(handle).model.dispose();
      this.whole.delete(handle);
    } else {
      this.slab.remove(this.placeOf[handle] as number);
      this.table.release(prepared);
    }
    this.preparedOf[handle] = -1;
    this.issues[handle] = this.issueOf(handle) + 1;
    this.freeHandles.push(handle);
  }

  dispose(): void {
    for (const { model } of this.whole.values()) model.dispose();
    this.table.dispose();
  }

  private preparedAt(handle: number): Prepared | undefined {
    return this.table.at((this.preparedOf[handle] ?? -1) >> 1);
  }

  private isHalf(handle: number): boolean {
    return ((this.preparedOf[handle] as number) & 1) === 1;
  }

  private wholeAt(handle: number): Whole {
    const whole = this.whole.get(handle);
    if (whole === undefined) throw new RangeError(`no model has handle ${handle}`);
    return whole;
  }

  private newHandle(form: number, place: number): number {
    const handle = this.freeHandles.pop() ?? this.handles++;
    if (handle >= this.preparedOf.length) {
      this.preparedOf = doubled(this.preparedOf);
      this.placeOf = doubled(this.placeOf);
      this.issues = doubled(this.issues);
    }
    this.preparedOf[handle] = form;
    this.placeOf[handle] = place;
    return handle;
  }
}

function doubled<T extends Int32Array | Uint32Array>(column: T): T {
  const larger = new (column.constructor as new (length: number) => T)(2 * column.length);
  larger.set(column);
  return larger;
}
