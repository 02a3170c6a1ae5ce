import type { Digest, Serving } from '@myriad/kernel';
import type { ModelParts } from './model-host.js';

/** A version as admission stored it: which objects of its tenant it consists of. */
export interface StoredVersion {
  readonly artifactDigest: Digest;
  /** Not there for a version that was admitted before ways to serve were tried: it is run whole. */
  readonly serving?: Pick<Serving, 'way' | 'split'> | null | undefined;
}

/** Reads an object, checked against its digest; refuses more bytes than said. */
export type ReadObject = (digest: Digest, maxBytes: number) => Promise<Uint8Array>;

/**
 * What a {@link ModelHost} needs of a version, in the way that real-time prediction serves it: whoever scores by these gets the same bits.
 * @throws what `read` throws.
 */
export async function readParts(
  { artifactDigest, serving }: StoredVersion,
  maxArtifactBytes: number,
  read: ReadObject,
): Promise<ModelParts> {
  const { way = 'whole', split = null } = serving ?? {};
  if (way === 'whole' || split === null) return { way: 'whole', file: await read(artifactDigest, maxArtifactBytes) };
  const [skeleton, weights] = await Promise.all([
    read(split.skeletonDigest, split.skeletonBytes),
    read(split.weightsDigest, split.weightsBytes),
  ]);
  return { way, skeleton, weights };
}
