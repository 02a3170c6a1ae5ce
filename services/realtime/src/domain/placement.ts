import type { Digest, TenantId } from '@myriad/kernel';

/** One tensor of a model, in the words of the Open Inference Protocol. */
export interface ModelTensor {
  readonly name: string;
  readonly datatype:
    | 'BOOL'
    | 'UINT8'
    | 'UINT16'
    | 'UINT32'
    | 'UINT64'
    | 'INT8'
    | 'INT16'
    | 'INT32'
    | 'INT64'
    | 'FP16'
    | 'BF16'
    | 'FP32'
    | 'FP64'
    | 'BYTES';
  /** −1 for a dimension that varies; the first is the batch. */
  readonly shape: readonly number[];
}

/** How a version is served, as admission found out. */
export interface Serving {
  /** `kernel`: our own code over its weights; `inputs`: ONNX Runtime with weights fed; `whole`: ONNX Runtime on the file as it is. */
  readonly way: 'kernel' | 'inputs' | 'whole';
  /** Of one row; null where none could be timed. */
  readonly micros: number | null;
  /** Memory it takes beside its skeleton, bytes. */
  readonly memoryBytes: number;
  /** The graph and what was learned, objects of the tenant; null where it is served whole. */
  readonly split: {
    readonly skeletonDigest: Digest;
    readonly skeletonBytes: number;
    readonly weightsDigest: Digest;
    readonly weightsBytes: number;
  } | null;
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
