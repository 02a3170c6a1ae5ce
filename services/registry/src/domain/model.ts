import { type Datatype, type Digest, type Serving, stateMachine } from '@myriad/kernel';

export interface Model {
  readonly modelId: string;
  readonly name: string;
  readonly application: string | null;
  readonly description: string | null;
  readonly latestVersion: number | null;
  readonly aliases: Readonly<Record<string, number>>;
  readonly tags: Tags;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly deletedAt: Date | null;
}

export type Tags = Readonly<Record<string, string>>;

export interface TagChange {
  readonly set: Tags;
  readonly remove: readonly string[];
}

/** Of one model, or of one version. */
export const MAX_TAGS = 100;

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
  readonly datatype: Datatype;
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

/** How a version is served, and what was found by trying all ways. */
export interface ServingReport extends Serving {
  /** All ways: what a row costs, or why it is closed. */
  readonly verdicts: {
    readonly way: Serving['way'];
    readonly micros: number | null;
    readonly reason: string | null;
  }[];
}

/** What admission found. */
export interface AdmissionReport {
  readonly reasons: readonly Reason[];
  readonly parity: { readonly rows: number; readonly maxDifference: number } | null;
  readonly signature: { readonly inputs: TensorSpec[]; readonly outputs: TensorSpec[] } | null;
  readonly family: 'tabular' | 'text' | 'vision' | 'ocr' | 'sequence' | 'neural' | 'other' | null;
  readonly sizeClass: 'small' | 'medium' | 'large' | null;
  readonly profile: Profile | null;
  /** Not there for versions that were admitted before ways to serve were tried. */
  readonly serving: ServingReport | null;
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
  readonly description: string | null;
  readonly tags: Tags;
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
export interface Alias extends AliasMove {
  readonly version: number;
  readonly versionId: string;
}

/** A move of an alias; to null it was removed. */
export interface AliasMove {
  readonly modelName: string;
  readonly alias: string;
  readonly version: number | null;
  readonly versionId: string | null;
  readonly movedBy: string;
  readonly movedAt: Date;
  readonly reason: string;
}
