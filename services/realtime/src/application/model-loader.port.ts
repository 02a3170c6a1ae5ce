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

/** Brings versions into memory. */
export abstract class ModelLoader {
  /** @throws when the version can't be read, run, or does not give what its trainer recorded. */
  abstract load(placement: Placement): Promise<LoadedModel>;
}
