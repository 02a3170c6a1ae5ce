import type { Datatype, Digest, Serving } from '@myriad/kernel';
import type { EnvironmentName } from './environment.js';

/** A tensor of a signature, as the contracts have it. */
export interface Tensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: number[];
}

/** A version and all that a replica must know to serve it. */
export interface ServedVersion {
  readonly modelName: string;
  readonly version: number;
  readonly versionId: string;
  readonly application: string | null;
  readonly artifactDigest: Digest;
  readonly sizeBytes: number;
  readonly parityDigest: Digest | null;
  readonly signature: { readonly inputs: Tensor[]; readonly outputs: Tensor[] };
  readonly batchInvariant: boolean;
  /** Not there for versions that were admitted before ways to serve were tried. */
  readonly serving?: Serving | null | undefined;
  readonly pool: string;
}

/** How a version is tried on a model's traffic: it answers a share of the requests (`canary`), or is asked the same and compared (`shadow`). */
export interface Trial {
  readonly mode: 'canary' | 'shadow';
  /** Share of the requests, 0–100. */
  readonly percent: number;
}

/** A version that is tried beside the one that answers. */
export interface Candidate extends Trial {
  readonly target: ServedVersion;
  readonly rolloutId: string;
}

/** Which version of a model an environment serves; its key is (tenant, environment, model). */
export interface Placement {
  readonly environment: EnvironmentName;
  readonly generation: number;
  readonly status: 'active' | 'removed';
  readonly served: ServedVersion;
  readonly rolloutId: string;
  readonly candidate: Candidate | null;
  readonly changedAt: Date;
}

/** The placement after a change: a generation later, serving `next`, or removed when there is nothing to serve. */
export function nextPlacement(
  current: Placement | undefined,
  change: {
    readonly environment: EnvironmentName;
    readonly next: ServedVersion | null;
    readonly rolloutId: string;
    readonly candidate?: Candidate | null;
    readonly nowMs: number;
  },
): Placement {
  const served = change.next ?? current?.served;
  if (served === undefined) throw new TypeError('a placement can only be removed where there is one');
  return {
    environment: change.environment,
    generation: (current?.generation ?? 0) + 1,
    status: change.next === null ? 'removed' : 'active',
    served,
    rolloutId: change.rolloutId,
    candidate: change.next === null ? null : (change.candidate ?? null),
    changedAt: new Date(change.nowMs),
  };
}

/** Why a version can't be tried beside another one; undefined when it can. */
export function whyNotBeside(candidate: ServedVersion, served: ServedVersion): string | undefined {
  if (candidate.pool !== served.pool)
    return `version ${candidate.version} needs pool '${candidate.pool}', version ${served.version} answers in '${served.pool}'`;
  const inputsOf = ({ signature }: ServedVersion): string =>
    signature.inputs
      .map(({ name, datatype, shape }) => `${name} ${datatype}[${shape.join()}]`)
      .sort()
      .join('; ');
  if (inputsOf(candidate) === inputsOf(served)) return undefined;
  return `version ${candidate.version} takes ${inputsOf(candidate)}, version ${served.version} takes ${inputsOf(served)}`;
}
