import type { World } from './world.js';

/** Something that must hold of a mesh at rest, whatever happened to it before. */
export interface Rule {
  /** kebab-case; stable, for reports and for choosing. */
  readonly name: string;
  /** The promise, as a sentence. */
  readonly promise: string;
  /** What breaks it, one sentence each; none when it holds. */
  readonly breaches: (world: World) => Promise<readonly string[]>;
}
