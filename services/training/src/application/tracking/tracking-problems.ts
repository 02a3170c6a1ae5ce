import type { ProblemError } from '@myriad/kernel';
import { trainingProblem } from '../../domain/training-problem.js';

/** Refusals in the texts that clients of MLflow know. */

export function noExperiment(experimentId: string): ProblemError {
  return trainingProblem('not-found', 'experiment_not_found', `No Experiment with id=${experimentId} exists`);
}

export function noExperimentNamed(name: string): ProblemError {
  return trainingProblem('not-found', 'experiment_not_found', `Could not find experiment with name '${name}'`);
}

export function experimentExists(name: string): ProblemError {
  return trainingProblem('conflict', 'experiment_exists', `Experiment(name=${name}) already exists.`);
}

export function experimentDeleted(experimentId: string): ProblemError {
  const detail = `The experiment ${experimentId} must be in the 'active' state. Current state is deleted.`;
  return trainingProblem('invalid', 'experiment_deleted', detail);
}

export function noRun(runId: string): ProblemError {
  return trainingProblem('not-found', 'run_not_found', `Run with id=${runId} not found`);
}

export function runDeleted(runId: string): ProblemError {
  const detail = `The run ${runId} must be in the 'active' state. Current state is deleted.`;
  return trainingProblem('invalid', 'run_deleted', detail);
}

export function runOfJob(runId: string): ProblemError {
  const detail = `Run ${runId} is kept by its job; of it only tags can be changed`;
  return trainingProblem('forbidden', 'run_of_job', detail);
}

export function noTag(key: string, what: string): ProblemError {
  return trainingProblem('not-found', 'tag_not_found', `No tag with name: ${key} in ${what}`);
}
