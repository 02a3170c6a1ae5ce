import { eventTopic } from '../../define-event.js';

/** The topics that `gateway` publishes to. */
export const gatewayTopics = {
  request: eventTopic('myriad.gateway.request.v1'),
  /** One partition, so that all gateways hear in one order; of use for seconds only. */
  rate: eventTopic('myriad.gateway.rate.v1', 1, 1 / 144),
} as const;
