import { compactedTopic, eventTopic } from '../../define-event.js';

/** The topics that `evaluator` publishes to. */
export const evaluatorTopics = {
  suite: compactedTopic('myriad.evaluator.suite.v1'),
  evaluation: eventTopic('myriad.evaluator.evaluation.v1'),
  promotion: eventTopic('myriad.evaluator.promotion.v1'),
  campaign: eventTopic('myriad.evaluator.campaign.v1'),
  object: eventTopic('myriad.evaluator.object.v1', 1),
} as const;
