import {
  HostedModel,
  ModelHost,
  checkParity,
  estimateSessionBytes,
  parseParity,
  type RunnableModel,
} from '@myriad/inference';
import { ProblemError, type Digest, type Serving, type TenantId } from '@myriad/kernel';
import type { ObjectStore } from '@myriad/storage';
import type { Placement } from '../domain/placement.js';
import { DigestSet } from './digest-set.js';
import type { DiskTier } from './disk-tier.js';
import { ModelLoader, type InlineModel, type Tier } from './model-loader.port.js';
import { MAX_PARITY_BYTES, assertAsRecorded } from './recorded-rows.js';

/** Memory that a version is counted with before it is there: what admission measured. */
export function memoryOf({ serving, sizeBytes }: Placement): number {
  return serving?.memoryBytes ?? estimateSessionBytes(sizeBytes);
}

/** A version that is served from a skeleton and weights. */
interface SplitServing {
  readonly way: 'kernel' | 'inputs';
  readonly split: NonNullable<Serving['split']>;
}

function splitOf({ serving }: Placement): SplitServing | undefined {
  if (!serving?.split || serving.way === 'whole') return undefined;
  return { way: serving.way, split: serving.split };
}

/**
 * Loads versions the way that admission chose, into the one host of the process: a skeleton is read once for all its models, a model's weights each time. The store and the disk tier check digests.
 * The rows that the trainer recorded are run before a version answers anybody. Nothing is served another way than the chosen one: it would give other bits than batch does.
 */
export class LoadOnnxModel extends ModelLoader {
  private readonly host = new ModelHost();
  /** Weights (or files) and recorded rows that were found to fit: what comes back into memory is not checked again. */
  private readonly verified = new DigestSet();
  /** Reads of skeletons, each tenant's own: nobody's load fails by what another tenant lacks. */
  private readonly preparing = new Map<string, Promise<void>>();
  private readonly bytes: Pick<ObjectStore, 'getBytes'>;

  constructor(
    store: Pick<ObjectStore, 'getBytes'>,
    private readonly maxBytes: number,
    private readonly disk?: DiskTier,
  ) {
    super();
    this.bytes = disk ?? store;
  }

  /** What all skeletons and weights are. */
  get state(): { readonly skeletons: number; readonly slabBytes: number } {
    return { skeletons: this.host.skeletons, slabBytes: this.host.slabBytes };
  }

  tierOf(placement: Placement): Tier {
    const { tenantId, artifactDigest } = placement;
    const served = splitOf(placement);
    const isOnDisk = (digest: Digest): boolean => this.disk?.holds(tenantId, digest) === true;
    if (served === undefined) return isOnDisk(artifactDigest) ? 'disk' : 'store';
    const { way, split } = served;
    const hasSkeleton = this.host.isPrepared(way, split.skeletonDigest) || isOnDisk(split.skeletonDigest);
    return hasSkeleton && isOnDisk(split.weightsDigest) ? 'disk' : 'store';
  }

  forget({ tenantId, artifactDigest, parityDigest, serving }: Placement): void {
    const { skeletonDigest = null, weightsDigest = null } = serving?.split ?? {};
    for (const digest of [artifactDigest, parityDigest, skeletonDigest, weightsDigest])
      if (digest !== null) this.disk?.forget(tenantId, digest);
  }

  async load(placement: Placement): Promise<InlineModel> {
    if (memoryOf(placement) > this.maxBytes)
      throw new Error(`it takes ${memoryOf(placement)} bytes of memory; ${this.maxBytes} are there for all models`);
    const recorded = this.recordedRows(placement);
    // both are read at the same time; what fails first is told
    recorded.catch(() => undefined);
    const model = new HostedModel(this.host, await this.bringIn(placement));
    try {
      this.verify(placement, model, await recorded);
    } catch (error) {
      model.dispose();
      throw error;
    }
    return model;
  }

  private async bringIn(placement: Placement): Promise<number> {
    const { tenantId, artifactDigest, sizeBytes, serving } = placement;
    const served = splitOf(placement);
    if (served === undefined) {
      const file = await this.read(tenantId, 'file', artifactDigest, sizeBytes);
      return this.host.add({ way: 'whole', file, memoryBytes: serving?.memoryBytes });
    }
    const { way, split } = served;
    const weights = this.read(tenantId, 'weights', split.weightsDigest, split.weightsBytes);
    const [blob] = await Promise.all([weights, this.prepare(tenantId, served)]);
    // a skeleton without models may be pushed out by many others
    while (!this.host.isPrepared(way, split.skeletonDigest)) await this.prepare(tenantId, served);
    return this.host.addWeights(way, split.skeletonDigest, blob);
  }

  /** Brings the skeleton in unless it is there; those that ask at the same time wait for one read. */
  private prepare(tenantId: TenantId, { way, split }: SplitServing): Promise<void> | undefined {
    const { skeletonDigest, skeletonBytes } = split;
    if (this.host.isPrepared(way, skeletonDigest)) return undefined;
    const key = `${tenantId}/${way}/${skeletonDigest}`;
    const under = this.preparing.get(key);
    if (under !== undefined) return under;
    const preparing = this.read(tenantId, 'skeleton', skeletonDigest, skeletonBytes)
      .then(async (bytes) => {
        await this.host.prepare(way, bytes);
      })
      .finally(() => this.preparing.delete(key));
    this.preparing.set(key, preparing);
    return preparing;
  }

  private async read(
    tenantId: TenantId,
    part: 'file' | 'skeleton' | 'weights',
    digest: Digest,
    maxBytes: number,
  ): Promise<Buffer> {
    try {
      return await this.bytes.getBytes(tenantId, digest, maxBytes);
    } catch (cause) {
      const why = cause instanceof ProblemError && cause.kind === 'internal' ? cause.code : messageOf(cause);
      throw new Error(`its ${part} can't be read: ${why}`, { cause });
    }
  }

  /** undefined where none were recorded, or they were run before. */
  private async recordedRows(placement: Placement): Promise<Buffer | undefined> {
    const { tenantId, parityDigest } = placement;
    if (parityDigest === null || this.verified.has(learnedDigest(placement), parityDigest)) return undefined;
    return this.bytes.getBytes(tenantId, parityDigest, MAX_PARITY_BYTES);
  }

  private verify(placement: Placement, model: RunnableModel, recorded: Buffer | undefined): void {
    const { parityDigest } = placement;
    if (recorded === undefined || parityDigest === null) return;
    assertAsRecorded(checkParity(model, parseParity(recorded, model.signature)));
    this.verified.add(learnedDigest(placement), parityDigest);
  }
}

/** The object that tells a model from others of its skeleton. */
function learnedDigest(placement: Placement): Digest {
  return splitOf(placement)?.split.weightsDigest ?? placement.artifactDigest;
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
