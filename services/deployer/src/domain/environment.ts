/** Where versions live on their way to users, in order; each on clusters of its own. */
export const ENVIRONMENTS = ['research', 'applied-science', 'engineering', 'production'] as const;
export type EnvironmentName = (typeof ENVIRONMENTS)[number];

/** As admission names them. */
export const MODEL_FAMILIES = ['tabular', 'text', 'vision', 'ocr', 'sequence', 'neural', 'other'] as const;
export type ModelFamily = (typeof MODEL_FAMILIES)[number];
export type SizeClass = 'small' | 'medium' | 'large';

/** What a model needs of the replicas that serve it. */
export interface PoolShape {
  readonly family: ModelFamily;
  readonly sizeClass: SizeClass;
}

/** A group of replicas for one model family and size in one environment. */
export function poolNameOf(shape: PoolShape): string {
  return `${shape.family}-${shape.sizeClass}`;
}

/** The shape a pool's name stands for; undefined for a name that {@link poolNameOf} never gives. */
export function poolShapeOf(pool: string): PoolShape | undefined {
  const match = /^([a-z]+)-(small|medium|large)$/.exec(pool);
  const family = MODEL_FAMILIES.find((name) => name === match?.[1]);
  return family === undefined ? undefined : { family, sizeClass: match?.[2] as SizeClass };
}

/** Memory a replica of the pool may give to models, bytes. */
export function modelMemoryBytes(sizeClass: SizeClass): number {
  const mebibyte = 1024 * 1024;
  return { small: 256 * mebibyte, medium: 1024 * mebibyte, large: 4096 * mebibyte }[sizeClass];
}
