import type { Digest } from '@myriad/kernel';

/** Services besides the registry whose rows may name objects: nothing is removed before each of them has said that it names it not. */
export const NAMERS = ['auth', 'training', 'evaluator', 'batch'] as const;
export type Namer = (typeof NAMERS)[number];

/** An old object that no row of the registry named when it was looked at. */
export interface Suspect {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** When its bytes were stored, Unix milliseconds by the store's clock. */
  readonly modifiedMs: number;
}

/** One question to all others about objects of a tenant, and their answers so far. */
export interface ObjectSweep {
  readonly sweepId: string;
  readonly suspects: readonly Suspect[];
  readonly answered: readonly Namer[];
  /** What those who answered name. */
  readonly named: readonly Digest[];
  readonly startedAt: Date;
}

/** The sweep with one answer more; the same answer twice changes nothing. */
export function withAnswer(sweep: ObjectSweep, by: Namer, digests: readonly Digest[]): ObjectSweep {
  return {
    ...sweep,
    answered: [...new Set([...sweep.answered, by])],
    named: [...new Set([...sweep.named, ...digests])],
  };
}

/** Whether everybody has answered. */
export function isDecided({ answered }: ObjectSweep): boolean {
  return NAMERS.every((namer) => answered.includes(namer));
}

/** What nobody who answered names. */
export function unnamedOf({ suspects, named }: ObjectSweep): readonly Suspect[] {
  const kept = new Set(named);
  return suspects.filter(({ digest }) => !kept.has(digest));
}
