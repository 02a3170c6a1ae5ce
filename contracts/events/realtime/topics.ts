import { eventTopic } from '../../define-event.js';

/** The topics that `realtime` publishes to. */
export const realtimeTopics = {
  modelState: eventTopic('myriad.realtime.model-state.v1'),
  usage: eventTopic('myriad.realtime.usage.v1'),
  prediction: eventTopic('myriad.realtime.prediction.v1'),
} as const;
