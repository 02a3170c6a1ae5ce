import type { Digest } from '@myriad/kernel';

/** Versioned training logic; it belongs to the platform. */
export interface Recipe {
  readonly recipeId: string;
  readonly name: string;
  readonly version: number;
  readonly sourceDigest: Digest;
  readonly entryPoint: string;
  /** JSON Schema of the parameters. */
  readonly parameterSchema: Record<string, unknown>;
  readonly createdAt: Date;
}
