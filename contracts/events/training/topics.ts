import { compactedTopic, eventTopic } from '../../define-event.js';

/** The topics that `training` publishes to. */
export const trainingTopics = {
  recipe: compactedTopic('myriad.training.recipe.v1'),
  job: eventTopic('myriad.training.job.v1'),
  run: eventTopic('myriad.training.run.v1'),
  fleetRun: eventTopic('myriad.training.fleet-run.v1'),
  object: eventTopic('myriad.training.object.v1', 1),
} as const;
