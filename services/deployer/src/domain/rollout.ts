import { stateMachine } from '@myriad/kernel';
import { deployerProblem } from './deployer-problem.js';
import type { ServedVersion, Trial } from './placement.js';
import type { EnvironmentName } from './environment.js';

export type RolloutStatus = 'progressing' | 'completed' | 'failed' | 'rolled-back';

/** A rollout ends completed or failed; a completed one can still be taken back by a person. */
export const rolloutLifecycle = stateMachine<RolloutStatus>('deployer.rollout', 'progressing', {
  progressing: ['completed', 'failed', 'rolled-back'],
  completed: ['rolled-back'],
  failed: [],
  'rolled-back': [],
});

/** The change of one model's placement in one environment from one version to the next. */
export interface Rollout {
  readonly rolloutId: string;
  readonly environment: EnvironmentName;
  readonly promotionId: string | null;
  readonly target: ServedVersion;
  /** What was served before and comes back when this fails; null when the model is new here. */
  readonly previous: ServedVersion | null;
  /** How the version is tried beside `previous`, and whether a replica has it; null when it takes over. */
  readonly trial: (Trial & { readonly isConfirmed: boolean }) | null;
  /** The generation of the placement that this rollout made. */
  readonly generation: number;
  readonly status: RolloutStatus;
  readonly reason: string;
  readonly createdAt: Date;
  readonly endedAt: Date | null;
}

/** The rollout moved on. @throws {ProblemError} `deployer.rollout.invalid_transition`. */
export function moveRollout(rollout: Rollout, status: RolloutStatus, reason: string, nowMs: number): Rollout {
  return { ...rollout, status: rolloutLifecycle.move(rollout.status, status), reason, endedAt: new Date(nowMs) };
}

/** Whether the rollout took longer than a replica may need to load a version and check it; a trial takes as long as people like. */
export function isOverdue(rollout: Rollout, nowMs: number, timeoutMs: number): boolean {
  if (rollout.trial?.isConfirmed === true) return false;
  return rollout.status === 'progressing' && nowMs - rollout.createdAt.getTime() > timeoutMs;
}

/** @throws {ProblemError} `deployer.nothing_to_roll_back` when it has ended badly already, or is not the newest of its model here. */
export function assertRollbackPossible(rollout: Rollout, currentRolloutId: string | undefined): void {
  if (!rolloutLifecycle.can(rollout.status, 'rolled-back'))
    throw deployerProblem(
      'conflict',
      'nothing_to_roll_back',
      `rollout ${rollout.rolloutId} is '${rollout.status}'; only a progressing or completed one can be rolled back`,
    );
  if (currentRolloutId !== rollout.rolloutId)
    throw deployerProblem(
      'conflict',
      'nothing_to_roll_back',
      `rollout ${rollout.rolloutId} is not the newest of ${rollout.target.modelName} in ${rollout.environment}; that is ${currentRolloutId ?? 'none'}`,
    );
}

/** @throws {ProblemError} `deployer.not_on_trial` when its version is not tried beside another one now. */
export function assertOnTrial(rollout: Rollout, candidateRolloutId: string | undefined): void {
  if (candidateRolloutId === rollout.rolloutId) return;
  throw deployerProblem(
    'conflict',
    'not_on_trial',
    `rollout ${rollout.rolloutId} is '${rollout.status}'; its version is not tried beside another one of ${rollout.target.modelName} in ${rollout.environment}`,
  );
}
