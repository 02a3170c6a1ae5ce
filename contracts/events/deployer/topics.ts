import { compactedTopic, eventTopic } from '../../define-event.js';

/** The topics that `deployer` publishes to. */
export const deployerTopics = {
  pool: compactedTopic('myriad.deployer.pool.v1'),
  placement: compactedTopic('myriad.deployer.placement.v1'),
  rollout: eventTopic('myriad.deployer.rollout.v1'),
  cost: eventTopic('myriad.deployer.cost.v1'),
} as const;
