import { eventTopic } from '../../define-event.js';

/** The topics that `batch` publishes to. */
export const batchTopics = {
  batchJob: eventTopic('myriad.batch.batch-job.v1'),
  usage: eventTopic('myriad.batch.usage.v1'),
  object: eventTopic('myriad.batch.object.v1', 1),
} as const;
