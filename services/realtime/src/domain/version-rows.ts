import type { Digest, Serving } from '@myriad/kernel';
import { grown } from './grown.js';
import { DigestColumn, IdColumn } from './id-columns.js';
import type { PlacementRow, Signature, Version } from './placement.js';
import { SharedValues } from './shared-values.js';

/** What the versions of a fleet have in common. */
interface Shape {
  readonly application: string | null;
  readonly signature: Signature;
  readonly way: Serving['way'] | undefined;
  readonly skeletonDigest: Digest | undefined;
  readonly skeletonBytes: number;
}

/** A version as a row has it, and its application. */
export interface RowContents {
  readonly version: Version;
  readonly application: string | null;
  readonly generation: number;
}

const HAS_PARITY = 1;
const IS_BATCH_INVARIANT = 2;

/**
 * Versions as columns of numbers: 150 to 180 bytes each and no object, whatever their signatures say. Digests and ids lie as the bytes that they name, what a fleet has in common is kept once.
 */
export class VersionRows {
  private readonly shapes = new SharedValues<Shape>(shapeKey, isSameShape);
  private readonly versionIds = new IdColumn();
  private readonly rolloutIds = new IdColumn();
  private readonly artifacts = new DigestColumn();
  private readonly parities = new DigestColumn();
  private readonly weights = new DigestColumn();
  private shapeOf = new Int32Array(64);
  private versions = new Uint32Array(64);
  private generations = new Uint32Array(64);
  private sizes = new Float64Array(64);
  private weightSizes = new Float64Array(64);
  private memory = new Float64Array(64);
  /** Microseconds of a row; NaN for null. */
  private micros = new Float64Array(64);
  private flags = new Uint8Array(64);
  private stampOf = new Uint32Array(64);
  private readonly free: number[] = [];
  private rows = 0;
  private stamps = 0;

  /** Versions that there are. */
  get size(): number {
    return this.rows - this.free.length;
  }

  /** A new row. */
  add(contents: RowContents): number {
    const row = this.newRow();
    this.write(row, contents);
    return row;
  }

  /** A new row that differs from another one in nothing but what a placement's row of a snapshot says. */
  addLike(other: number, placed: PlacementRow): number {
    const row = this.newRow();
    const shape = this.shapeOf[other] as number;
    this.shapes.hold(shape);
    this.shapeOf[row] = shape;
    this.versions[row] = placed.version;
    this.generations[row] = placed.generation;
    this.sizes[row] = placed.sizeBytes;
    this.weightSizes[row] = placed.weightsBytes;
    this.memory[row] = placed.memoryBytes;
    this.micros[row] = placed.micros;
    const { bytes, versionId, rolloutId, artifactAt, parityAt, weightsAt } = placed;
    this.flags[row] = ((this.flags[other] as number) & IS_BATCH_INVARIANT) | (parityAt < 0 ? 0 : HAS_PARITY);
    this.versionIds.writeBytes(row, bytes, versionId.start, versionId.length);
    this.rolloutIds.writeBytes(row, bytes, rolloutId.start, rolloutId.length);
    this.artifacts.writeBytes(row, bytes, artifactAt);
    if (parityAt >= 0) this.parities.writeBytes(row, bytes, parityAt);
    if (weightsAt >= 0) this.weights.writeBytes(row, bytes, weightsAt);
    return row;
  }

  /** Replaces what a row says of the same version. */
  replace(row: number, contents: RowContents): void {
    this.shapes.release(this.shapeOf[row] as number);
    this.write(row, contents);
  }

  remove(row: number): void {
    this.shapes.release(this.shapeOf[row] as number);
    this.versionIds.remove(row);
    this.rolloutIds.remove(row);
    this.stampOf[row] = 0;
    this.free.push(row);
  }

  /** Which version the row is of; 0 when it is of none. */
  stamp(row: number): number {
    return this.stampOf[row] ?? 0;
  }

  generation(row: number): number {
    return this.generations[row] as number;
  }

  /** Whether the row is of this version and its bytes. */
  isOf(row: number, { versionId, artifactDigest }: Version): boolean {
    return this.versionIds.read(row) === versionId && this.artifacts.read(row) === artifactDigest;
  }

  read(row: number): RowContents {
    const { application, signature, way, skeletonDigest, skeletonBytes } = this.shapes.get(this.shapeOf[row] as number);
    const flags = this.flags[row] as number;
    const micros = this.micros[row] as number;
    const split =
      skeletonDigest === undefined
        ? null
        : {
            skeletonDigest,
            skeletonBytes,
            weightsDigest: this.weights.read(row),
            weightsBytes: this.weightSizes[row] as number,
          };
    const version: Version = {
      version: this.versions[row] as number,
      versionId: this.versionIds.read(row),
      artifactDigest: this.artifacts.read(row),
      sizeBytes: this.sizes[row] as number,
      parityDigest: flags & HAS_PARITY ? this.parities.read(row) : null,
      serving:
        way === undefined
          ? null
          : { way, micros: Number.isNaN(micros) ? null : micros, memoryBytes: this.memory[row] as number, split },
      batchInvariant: (flags & IS_BATCH_INVARIANT) !== 0,
      signature,
      rolloutId: this.rolloutIds.read(row),
    };
    return { version, application, generation: this.generations[row] as number };
  }

  private write(row: number, { version, application, generation }: RowContents): void {
    const { serving, signature, parityDigest, batchInvariant } = version;
    const split = serving?.split;
    this.shapeOf[row] = this.shapes.take({
      application,
      signature,
      way: serving?.way,
      skeletonDigest: split?.skeletonDigest,
      skeletonBytes: split?.skeletonBytes ?? 0,
    });
    this.versions[row] = version.version;
    this.generations[row] = generation;
    this.sizes[row] = version.sizeBytes;
    this.flags[row] = (parityDigest === null ? 0 : HAS_PARITY) | (batchInvariant ? IS_BATCH_INVARIANT : 0);
    this.versionIds.write(row, version.versionId);
    this.rolloutIds.write(row, version.rolloutId);
    this.artifacts.write(row, version.artifactDigest);
    if (parityDigest !== null) this.parities.write(row, parityDigest);
    if (serving != null) this.writeServing(row, serving);
  }

  private writeServing(row: number, { split, memoryBytes, micros }: Serving): void {
    this.memory[row] = memoryBytes;
    this.micros[row] = micros ?? NaN;
    if (split === null) return;
    this.weightSizes[row] = split.weightsBytes;
    this.weights.write(row, split.weightsDigest);
  }

  private newRow(): number {
    const row = this.free.pop() ?? this.rows++;
    this.grow(row);
    this.stamps += 1;
    this.stampOf[row] = this.stamps;
    return row;
  }

  private grow(row: number): void {
    this.shapeOf = grown(this.shapeOf, row);
    this.versions = grown(this.versions, row);
    this.generations = grown(this.generations, row);
    this.sizes = grown(this.sizes, row);
    this.weightSizes = grown(this.weightSizes, row);
    this.memory = grown(this.memory, row);
    this.micros = grown(this.micros, row);
    this.flags = grown(this.flags, row);
    this.stampOf = grown(this.stampOf, row);
  }
}

function shapeKey({ application, signature, skeletonDigest }: Shape): string {
  const [first] = signature.inputs;
  return `${application ?? ''}/${skeletonDigest ?? ''}/${signature.inputs.length}/${first?.name ?? ''}`;
}

function isSameShape(a: Shape, b: Shape): boolean {
  return (
    a.application === b.application &&
    a.way === b.way &&
    a.skeletonDigest === b.skeletonDigest &&
    a.skeletonBytes === b.skeletonBytes &&
    areSameTensors(a.signature.inputs, b.signature.inputs) &&
    areSameTensors(a.signature.outputs, b.signature.outputs)
  );
}

function areSameTensors(a: Signature['inputs'], b: Signature['inputs']): boolean {
  if (a === b) return true;
  return (
    a.length === b.length &&
    a.every(({ name, datatype, shape }, i) => {
      const other = b[i] as (typeof b)[number];
      return (
        name === other.name &&
        datatype === other.datatype &&
        shape.length === other.shape.length &&
        shape.every((dimension, at) => dimension === other.shape[at])
      );
    })
  );
}
