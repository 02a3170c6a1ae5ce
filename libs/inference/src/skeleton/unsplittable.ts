/** Why a model stays whole. Not a fault: it is then served as it is. */
export class Unsplittable extends Error {}

/** @throws {Unsplittable} */
export function unsplittable(reason: string): never {
  throw new Unsplittable(reason);
}
