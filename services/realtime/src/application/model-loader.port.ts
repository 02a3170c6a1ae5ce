import type { TensorMap } from '@myriad/inference';
import type { Placement } from '../domain/placement.js';

/** A version in memory. */
export interface LoadedModel {
  /** Bytes of memory it is counted with. */
  readonly memoryBytes: number;
  /** Runs it now; holds the thread. @throws {ProblemError} `inference.run_failed`. */
  runSync(inputs: TensorMap, outputs?: readonly string[]): TensorMap;
  /** Frees its memory. */
  dispose(): void;
}

/** Where a version's bytes are read from. */
export type Tier = 'disk' | 'store';

/** Brings versions into memory. */
export abstract class ModelLoader {
  /** Where the version's bytes would be read from now. */
  abstract tierOf(placement: Placement): Tier;
  /** The version is not served here any more: what is kept of its bytes may go. Never fails. */
  abstract forget(placement: Placement): void;
  /** @throws when the version can't be read, run, or does not give what its trainer recorded. */
  abstract load(placement: Placement): Promise<LoadedModel>;
}
