import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { evaluatorTopics } from './topics.js';

export const suiteChangedV1 = defineEvent({
  type: 'evaluator.suite-changed.v1',
  topic: evaluatorTopics.suite,
  summary: 'A suite has a new version.',
  data: z.object({ suiteId: fields.id, name: fields.name, version: z.int().positive(), digest: fields.digest }),
  key: (data, tenantId) => `${tenantId}/${data.name}`,
  example: {
    suiteId: 'sut_1',
    name: 'flight-delay',
    version: 1,
    digest: 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  },
});
