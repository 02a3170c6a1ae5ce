import { compactedTopic, eventTopic } from '../../define-event.js';

/** The topics that `registry` publishes to. */
export const registryTopics = {
  dataset: eventTopic('myriad.registry.dataset.v1'),
  grant: eventTopic('myriad.registry.grant.v1'),
  application: compactedTopic('myriad.registry.application.v1'),
  version: eventTopic('myriad.registry.version.v1'),
  alias: compactedTopic('myriad.registry.alias.v1'),
  tenantKey: eventTopic('myriad.registry.tenant-key.v1'),
  object: eventTopic('myriad.registry.object.v1', 1),
} as const;
