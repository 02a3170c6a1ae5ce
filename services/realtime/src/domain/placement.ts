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

/** Which version of a model an environment serves, and in which pool: what the deployer decided. */
export interface Placement {
  readonly tenantId: TenantId;
  readonly modelName: string;
  readonly version: number;
  readonly versionId: string;
  readonly application: string | null;
  readonly environment: string;
  readonly pool: string;
  /** Grows with every change of this placement. */
  readonly generation: number;
  /** The rollout that decided it. */
  readonly rolloutId: string;
  readonly status: 'active' | 'removed';
  readonly artifactDigest: Digest;
  readonly sizeBytes: number;
  readonly parityDigest: Digest | null;
  /** Whether a batch gives bit for bit what its rows give one by one. */
  readonly batchInvariant: boolean;
  /** Not there for a version that was admitted before ways to serve were tried: it is served whole. */
  readonly serving?: Serving | null | undefined;
  readonly signature: { readonly inputs: readonly ModelTensor[]; readonly outputs: readonly ModelTensor[] };
}

/** Whether two placements serve the same bytes under the same version. */
export function servesSame(a: Placement, b: Placement): boolean {
  return a.versionId === b.versionId && a.artifactDigest === b.artifactDigest;
}
