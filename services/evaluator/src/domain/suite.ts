import type { Digest } from '@myriad/kernel';
import type { Generator } from './generators.js';
import type { MetricName } from './metrics.js';

export interface Threshold {
  readonly metric: MetricName;
  readonly appliesTo: 'golden' | 'randomized' | 'all';
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  /** How far a randomized set may fall behind the golden one. */
  readonly maxDrop?: number | undefined;
}

/** What a version must show: a golden set, sets derived from it, and thresholds on all of them. */
export interface Suite {
  readonly suiteId: string;
  readonly name: string;
  readonly version: number;
  readonly digest: Digest;
  readonly task: 'binary-classification' | 'regression';
  readonly features: readonly { readonly name: string; readonly kind: 'numeric' | 'categorical' }[];
  readonly label: string;
  /** Name of the dataset, in each tenant. */
  readonly goldenDataset: string;
  readonly generators: readonly Generator[];
  readonly thresholds: readonly Threshold[];
  /** Fewer golden rows, or fewer of a class, make the verdict inconclusive. */
  readonly minRows: number;
  readonly minPerClass: number;
  readonly confidence: number;
  readonly seed: number;
  readonly createdAt: Date;
}
