import { compactedTopic, eventTopic } from '../../define-event.js';

/** The topics that `auth` publishes to. */
export const authTopics = {
  tenant: compactedTopic('myriad.auth.tenant.v1'),
  principal: compactedTopic('myriad.auth.principal.v1'),
  key: compactedTopic('myriad.auth.key.v1'),
  signingKey: compactedTopic('myriad.auth.signing-key.v1'),
  approval: eventTopic('myriad.auth.approval.v1'),
  tenantKey: eventTopic('myriad.auth.tenant-key.v1'),
  tenantPurge: compactedTopic('myriad.auth.tenant-purge.v1'),
  object: eventTopic('myriad.auth.object.v1', 1),
} as const;
