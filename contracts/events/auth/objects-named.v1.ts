import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { authTopics } from './topics.js';

export const authObjectsNamedV1 = defineEvent({
  type: 'auth.objects-named.v1',
  topic: authTopics.object,
  summary: 'Which of the objects that the registry suspected rows of auth name.',
  data: z.object({
    tenantId: fields.tenantId,
    sweepId: fields.id,
    /** Of the suspected ones; empty when there is none. */
    digests: z.array(fields.digest).max(200),
  }),
  key: (data) => data.tenantId,
  example: {
    tenantId: 'aa',
    sweepId: 'swp_1',
    digests: ['sha256:0000000000000000000000000000000000000000000000000000000000000001'],
  },
});
