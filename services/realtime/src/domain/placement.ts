import type { Datatype, Digest, Serving, TenantId } from '@myriad/kernel';

/** One tensor of a model, in the words of the Open Inference Protocol. */
export interface ModelTensor {
  readonly name: string;
  readonly datatype: Datatype;
  /** −1 for a dimension that varies; the first is the batch. */
  readonly shape: readonly number[];
}

export interface Signature {
  readonly inputs: readonly ModelTensor[];
  readonly outputs: readonly ModelTensor[];
}

/** A version and all that has to be known to serve it. */
export interface Version {
  readonly version: number;
  readonly versionId: string;
  readonly artifactDigest: Digest;
  readonly sizeBytes: number;
  readonly parityDigest: Digest | null;
  /** Whether a batch gives bit for bit what its rows give one by one. */
  readonly batchInvariant: boolean;
  /** Not there for a version that was admitted before ways to serve were tried: it is served whole. */
  readonly serving?: Serving | null | undefined;
  readonly signature: Signature;
  /** The rollout that decided it. */
  readonly rolloutId: string;
}

/** How a version is tried on a model's traffic. */
export interface Trial {
  /** `canary`: answers a share of the requests; `shadow`: is asked the same and never answers. */
  readonly mode: 'canary' | 'shadow';
  /** Share of the requests, 0–100. */
  readonly percent: number;
}

/** What the deployer decided of one model: which version an environment serves, in which pool, and which other is tried beside it. */
export interface PlacementChange extends Version {
  readonly tenantId: TenantId;
  readonly modelName: string;
  readonly application: string | null;
  readonly environment: string;
  readonly pool: string;
  /** Grows with every change of this placement. */
  readonly generation: number;
  readonly status: 'active' | 'removed';
  readonly candidate?: (Version & Trial) | null | undefined;
}

/** A piece of bytes. */
export interface Piece {
  readonly start: number;
  readonly length: number;
}

/** A placement as it lies in a snapshot: what in it may differ from another one of the same fleet. Offsets count in `bytes`. */
export interface PlacementRow {
  readonly bytes: Buffer;
  /** ASCII. */
  readonly tenantId: Piece;
  readonly modelName: Piece;
  readonly version: number;
  readonly generation: number;
  readonly sizeBytes: number;
  /** Prefix and 16 bytes, as `IdColumn` keeps them. */
  readonly versionId: Piece;
  readonly rolloutId: Piece;
  /** Where the 32 bytes of a digest begin; −1: there is none. */
  readonly artifactAt: number;
  readonly parityAt: number;
  readonly weightsAt: number;
  readonly weightsBytes: number;
  readonly memoryBytes: number;
  /** NaN for null. */
  readonly micros: number;
}

/** A version of a model that is placed here. Made from the routing table when somebody asks, and true for as long as its generation is the newest. */
export interface Placement extends Version {
  readonly tenantId: TenantId;
  readonly modelName: string;
  readonly application: string | null;
  readonly environment: string;
  readonly pool: string;
  readonly generation: number;
  /** Number of its tenant in the table. */
  readonly tenant: number;
  /** Its row in the table: a small number that another version may have after it. */
  readonly row: number;
  /** No other version that ever was in the table has the same, ≥ 1. */
  readonly stamp: number;
}
