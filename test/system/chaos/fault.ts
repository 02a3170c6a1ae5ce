import type { Cast } from '../cast.js';
import type { MeshMode } from '../supervise-mesh.js';
import type { ChaosMesh } from './chaos-mesh.js';
import type { TrafficReport } from './traffic.js';

/** What a fault is made in. */
export interface FaultScene extends ChaosMesh {
  readonly cast: Cast;
  /** Full length, as people run it, or as short as is still telling, as CI does. */
  readonly isFull: boolean;
  readonly random: () => number;
  readonly pause: (ms: number) => Promise<void>;
}

/** What a kind of traffic may suffer. */
export const EXPECTATIONS = ['all answered', 'refused for the moment', 'refused', 'may break off'] as const;
export type Expectation = (typeof EXPECTATIONS)[number];

/** Trouble, and what is promised while it lasts. Afterwards all invariants hold, whatever it was. */
export interface Fault {
  readonly name: string;
  /** A sentence of docs/guides/failures.md. */
  readonly promise: string;
  readonly modes: readonly MeshMode[];
  /** Short enough for every run of the tests. */
  readonly inCi: boolean;
  readonly predictions: Expectation;
  readonly writes: Expectation;
  /** Of auth; default as `writes`. */
  readonly reads?: Expectation;
  /** Makes the trouble, and ends it. */
  readonly strike: (scene: FaultScene) => Promise<void>;
  /** What more has to hold once it is over. @throws when it does not. */
  readonly afterwards?: (scene: FaultScene, report: TrafficReport) => Promise<void>;
}
