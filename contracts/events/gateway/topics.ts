import { eventTopic } from '../../define-event.js';

/** The topics that `gateway` publishes to. */
export const gatewayTopics = {
  request: eventTopic('myriad.gateway.request.v1'),
} as const;
