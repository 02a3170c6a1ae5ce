import { type Digest, stateMachine } from '@myriad/kernel';

export interface Model {
  readonly modelId: string;
  readonly name: string;
  readonly application: string | null;
  readonly latestVersion: number | null;
  readonly aliases: Readonly<Record<string, number>>;
  readonly createdAt: Date;
}

export type AdmissionStatus = 'pending' | 'admitted' | 'rejected' | 'awaiting-review';

/** A version is admitted or refused once; an unusual one waits for a person. */
export const admissionLifecycle = stateMachine<AdmissionStatus>('registry.admission', 'pending', {
  pending: ['admitted', 'rejected', 'awaiting-review'],
  'awaiting-review': ['admitted', 'rejected'],
  admitted: [],
  rejected: [],
});

export interface Reason {
  readonly code: string;
  readonly detail: string;
}

export interface TensorSpec {
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
  readonly shape: number[];
}

export interface Profile {
  readonly parameterCount: number;
  readonly operators: string[];
  /** One row, measured at admission, microseconds. */
  readonly latencyMicrosP50: number;
  /** Whether a batch gives bit for bit what its rows give one by one. */
  readonly batchInvariant: boolean;
}

/** How a version is served: found by trying all ways. */
export interface Serving {
  /** `kernel`: our own code over its weights; `inputs`: ONNX Runtime with weights fed; `whole`: ONNX Runtime on the file as it is. */
  readonly way: ServingWay;
  /** Of one row by this way; null where none could be timed. */
  readonly micros: number | null;
  /** Memory it takes beside its skeleton, measured, bytes. */
  readonly memoryBytes: number;
  /** The graph and what was learned, objects of the tenant; null where it is served whole. */
  readonly split: {
    readonly skeletonDigest: Digest;
    readonly skeletonBytes: number;
    readonly weightsDigest: Digest;
    readonly weightsBytes: number;
  } | null;
  /** All ways: what a row costs, or why it is closed. */
  readonly verdicts: { readonly way: ServingWay; readonly micros: number | null; readonly reason: string | null }[];
}

export type ServingWay = 'kernel' | 'inputs' | 'whole';

/** What admission found. */
export interface AdmissionReport {
  readonly reasons: readonly Reason[];
  readonly parity: { readonly rows: number; readonly maxDifference: number } | null;
  readonly signature: { readonly inputs: TensorSpec[]; readonly outputs: TensorSpec[] } | null;
  readonly family: 'tabular' | 'text' | 'vision' | 'ocr' | 'sequence' | 'neural' | 'other' | null;
  readonly sizeClass: 'small' | 'medium' | 'large' | null;
  readonly profile: Profile | null;
  /** Not there for versions that were admitted before ways to serve were tried. */
  readonly serving: Serving | null;
}

export interface Lineage {
  readonly runId: string | null;
  readonly fleetRunId: string | null;
  readonly datasetDigests: Digest[];
  readonly recipeDigest: Digest | null;
  readonly parameters: Record<string, unknown>;
}

export interface ModelVersion extends AdmissionReport {
  readonly modelName: string;
  readonly version: number;
  readonly versionId: string;
  readonly application: string | null;
  readonly artifactDigest: Digest;
  readonly parityDigest: Digest | null;
  readonly sizeBytes: number;
  readonly status: AdmissionStatus;
  readonly attempt: number;
  readonly checkedAt: Date | null;
  /** The admission report that a person decides on, when the version waits for one. */
  readonly reviewDigest: Digest | null;
  readonly lineage: Lineage;
  readonly registeredBy: string;
  readonly registeredAt: Date;
}

/** Where an alias points, and since when. */
export interface AliasMove {
  readonly modelName: string;
  readonly alias: string;
  readonly version: number;
  readonly versionId: string;
  readonly movedBy: string;
  readonly movedAt: Date;
  readonly reason: string;
}
